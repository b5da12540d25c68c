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
        func isShort(_ text: String) -> Bool { text.utf8.count <= 255 }
        func tooLong(_ name: String) -> String { "the \(name) has more than 255 bytes" }
        if !isShort(type) { return tooLong("type") }
        if !isShort(app) { return tooLong("app-id") }
        if !isShort(contentType) { return tooLong("content-type") }
        if !isShort(exchange) { return tooLong("exchange's name") }
        if !isShort(routingKey) { return tooLong("routing key") }
        if let replyTo, !isShort(replyTo) { return tooLong("reply-to") }
        if let correlationID, !isShort(correlationID) { return tooLong("correlation-id") }
        var total = 0
        for (name, value) in headers {
            if !isShort(name) { return tooLong("name of a header") }
            total += name.utf8.count + value.utf8.count + 6  // the lengths and the kind
        }
        return total > Self.largestHeaders ? "the headers have \(total) bytes, and the most is \(Self.largestHeaders)" : nil
    }

    /// The same message, cut down to what can be sent on, so that not even a hostile one escapes the dead letters: bytes that were
    /// no UTF-8 have grown when they were read.
    func curtailed() -> Message {
        func cut(_ text: String) -> String {
            text.utf8.count <= 255 ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(63)))
        }
        var message = self
        message.type = cut(type)
        message.app = cut(app)
        message.contentType = cut(contentType)
        message.replyTo = replyTo.map(cut)
        message.correlationID = correlationID.map(cut)
        var rest = Self.largestHeaders / 2
        for (name, value) in headers.sorted(by: { $0.value.utf8.count < $1.value.utf8.count }) {
            rest -= name.utf8.count + value.utf8.count + 6
            if rest < 0 || name.utf8.count > 255 { message.headers[name] = nil }
        }
        return message
    }

    /// In bytes; the broker takes all properties in one frame of 128 KB.
    static let largestHeaders = 64 * 1024
}
