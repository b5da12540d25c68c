import CRabbitMQ
import Foundation
import Mail

/// A message on its way in: a method, then a header with the properties, then frames with the body.
struct PartialMessage {
    enum Head {
        case delivery(tag: UInt64, isRedelivered: Bool)
        case returned(exchange: String, routingKey: String)
    }

    private(set) var head: Head?
    private var message: Message?
    private var identifier = ""
    private var announced: UInt64 = 0
    private var received: UInt64 = 0

    mutating func begin(_ head: Head) throws(LinkFailure) {
        guard self.head == nil else { throw .violation("a message within a message") }
        self.head = head
    }

    /// - Returns: What has come, where the header says that there is no body.
    mutating func read(_ properties: amqp_basic_properties_t, bodyBytes: UInt64) throws(LinkFailure) -> Event? {
        guard head != nil, message == nil else { throw .violation("a header without a message") }
        announced = bodyBytes
        received = 0
        (message, identifier) = Message.read(properties)
        if isKept { message?.body.reserveCapacity(Int(min(announced, 1 << 20))) }
        return finished()
    }

    /// - Returns: What has come, where this was the body's last part.
    mutating func read(body part: amqp_bytes_t) throws(LinkFailure) -> Event? {
        guard message != nil, received + UInt64(part.len) <= announced else {
            throw .violation("a body without or beyond its message")
        }
        received += UInt64(part.len)
        if isKept, let base = part.bytes {
            message?.body.append(base.assumingMemoryBound(to: UInt8.self), count: part.len)
        }
        return finished()
    }

    /// Of a body that nobody will read, nothing is kept.
    private var isKept: Bool {
        if case .returned = head { return false }
        return announced <= UInt64(Wire.largestBody)
    }

    private mutating func finished() -> Event? {
        guard received == announced, let head, var message else { return nil }
        let isKept = isKept
        self.head = nil
        self.message = nil
        switch head {
        case .returned(let exchange, let key):
            return .returned(message.id, exchange: exchange, routingKey: key)
        case .delivery(let tag, _) where !isKept:
            return .oversized(tag: tag, bytes: announced)
        case .delivery(let tag, let isRedelivered):
            if identifier.isEmpty {
                // The same message must have the same name when it comes again.
                message.id = .derived(from: message.type, String(decoding: message.body, as: UTF8.self))
            }
            return .delivered(message, tag: tag, isRedelivered: isRedelivered)
        }
    }
}

extension Message {
    /// - Returns: The message without its body, and the property `message-id` as it came. An id that is no UUID is replaced by one that
    ///   follows from it.
    static func read(_ properties: amqp_basic_properties_t) -> (Message, identifier: String) {
        func text(_ flag: Int32, _ bytes: amqp_bytes_t) -> String? {
            properties._flags & amqp_flags_t(flag) == 0 ? nil : String(bytes)
        }
        let identifier = text(AMQP_BASIC_MESSAGE_ID_FLAG, properties.message_id) ?? ""
        let hasTimestamp = properties._flags & amqp_flags_t(AMQP_BASIC_TIMESTAMP_FLAG) != 0
        let hasMode = properties._flags & amqp_flags_t(AMQP_BASIC_DELIVERY_MODE_FLAG) != 0
        var message = Message(
            id: MessageID(identifier) ?? .derived(from: identifier),
            type: text(AMQP_BASIC_TYPE_FLAG, properties.type) ?? "",
            app: text(AMQP_BASIC_APP_ID_FLAG, properties.app_id) ?? "",
            timestamp: hasTimestamp && properties.timestamp <= Self.lastSecond
                ? Timestamp(microseconds: Int64(properties.timestamp) * 1_000_000) : nil,
            isPersistent: hasMode && UInt32(properties.delivery_mode) == AMQP_DELIVERY_PERSISTENT.rawValue,
            body: Data())
        message.version = nil
        message.contentType = text(AMQP_BASIC_CONTENT_TYPE_FLAG, properties.content_type) ?? ""
        message.replyTo = text(AMQP_BASIC_REPLY_TO_FLAG, properties.reply_to)
        message.correlationID = text(AMQP_BASIC_CORRELATION_ID_FLAG, properties.correlation_id)
        if properties._flags & amqp_flags_t(AMQP_BASIC_HEADERS_FLAG) != 0 {
            message.read(properties.headers)
        }
        return (message, identifier)
    }

    /// The end of the year 9999, in seconds since 1970.
    private static let lastSecond: UInt64 = 253_402_300_799

    private mutating func read(_ table: amqp_table_t) {
        for entry in UnsafeBufferPointer(start: table.entries, count: Int(max(0, table.num_entries))) {
            let name = String(entry.key)
            if name == Wire.versionHeader {
                version = entry.value.integer
            } else if entry.value.kind == UInt8(AMQP_FIELD_KIND_UTF8.rawValue) {
                headers[name] = String(entry.value.value.bytes)
            }
        }
    }
}

extension amqp_field_value_t {
    /// The value of any kind of whole number that fits.
    fileprivate var integer: Int? {
        switch UInt32(kind) {
        case AMQP_FIELD_KIND_I8.rawValue: Int(value.i8)
        case AMQP_FIELD_KIND_U8.rawValue: Int(value.u8)
        case AMQP_FIELD_KIND_I16.rawValue: Int(value.i16)
        case AMQP_FIELD_KIND_U16.rawValue: Int(value.u16)
        case AMQP_FIELD_KIND_I32.rawValue: Int(value.i32)
        case AMQP_FIELD_KIND_U32.rawValue: Int(value.u32)
        case AMQP_FIELD_KIND_I64.rawValue: Int(value.i64)
        case AMQP_FIELD_KIND_U64.rawValue: Int(exactly: value.u64)
        default: nil
        }
    }
}
