package import Foundation
package import Mail

/// One AMQP message with the properties that we use.
package struct Message: Hashable, Sendable {
    package var id: MessageID
    /// The kind of fact or command: AMQP property `type`.
    package var type: String
    /// The header `waybill-version`; `nil` where it is missing or no number.
    package var version: Int?
    /// To the second on the wire.
    package var timestamp: Timestamp?
    /// The program that published it: AMQP property `app-id`.
    package var app: String
    package var contentType: String
    /// Further text headers, such as `waybill-organization` on commands.
    package var headers: [String: String]
    package var replyTo: String?
    package var correlationID: String?
    package var isPersistent: Bool
    package var body: Data

    /// A message of ours: version 1, JSON, persistent.
    package init(
        id: MessageID, type: String, app: String, timestamp: Timestamp?, headers: [String: String] = [:], isPersistent: Bool = true,
        body: Data
    ) {
        self.id = id
        self.type = type
        self.version = Wire.version
        self.timestamp = timestamp
        self.app = app
        self.contentType = Wire.contentType
        self.headers = headers
        self.isPersistent = isPersistent
        self.body = body
    }

    /// Why this cannot be put into AMQP frames, in words; `nil` where it can. librabbitmq does not look: it would send frames that
    /// the broker cannot read.
    func flaw(exchange: String, routingKey: String) -> String? {
        let short = [
            ("type", type), ("app-id", app), ("content-type", contentType), ("reply-to", replyTo ?? ""),
            ("correlation-id", correlationID ?? ""), ("exchange", exchange), ("routing key", routingKey),
        ]
        if let (name, text) = short.first(where: { $0.1.utf8.count > 255 }) {
            return "the \(name) has \(text.utf8.count) bytes, and the most is 255"
        }
        if let key = headers.keys.first(where: { $0.utf8.count > 255 }) {
            return "the name of a header has \(key.utf8.count) bytes, and the most is 255"
        }
        let total = headers.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 6 }
        return total > Self.largestHeaders ? "the headers have \(total) bytes, and the most is \(Self.largestHeaders)" : nil
    }

    /// In bytes; the broker takes all properties in one frame of 128 KB.
    static let largestHeaders = 64 * 1024
}
