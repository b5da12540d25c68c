import Broker
import Foundation
import Mail

/// The properties of a message while it waits in the outbox.
struct OutboxEnvelope: Codable {
    var id: MessageID
    var type: String
    var version: Int?
    var timestamp: Timestamp?
    var app: String
    var contentType: String
    var headers: [String: String]
    var replyTo: String?
    var correlationID: String?
    var isPersistent: Bool

    init(_ message: Message) {
        id = message.id
        type = message.type
        version = message.version
        timestamp = message.timestamp
        app = message.app
        contentType = message.contentType
        headers = message.headers
        replyTo = message.replyTo
        correlationID = message.correlationID
        isPersistent = message.isPersistent
    }

    func encoded() throws -> Data { try Wire.encode(self) }

    func message(body: Data) -> Message {
        var message = Message(
            id: id, type: type, app: app, timestamp: timestamp, headers: headers, isPersistent: isPersistent, body: body)
        message.version = version
        message.contentType = contentType
        message.replyTo = replyTo
        message.correlationID = correlationID
        return message
    }
}
