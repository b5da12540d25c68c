import CRabbitMQ

/// Why a connection could not be opened or came to its end.
enum LinkFailure: Error, CustomStringConvertible {
    /// librabbitmq reported an error: the connection must not be used again, not even to close it.
    case library(status: Int32, doing: String)
    /// The peer does not speak as AMQP 0-9-1 says.
    case violation(String)
    /// - Parameter method: What the broker found fault with; see ``Method``.
    case channelClosed(code: Int, reason: String, over: amqp_method_number_t)
    case connectionClosed(code: Int, reason: String)
    case consumerCancelled(queue: String)
    case undeclarable(String)

    var description: String {
        switch self {
        case .library(let status, let action): "\(action): \(String(cString: amqp_error_string2(status)))"
        case .violation(let what): "the peer broke the protocol: \(what)"
        case .channelClosed(let code, let reason, _): "the broker closed the channel: \(code) \(reason)"
        case .connectionClosed(let code, let reason): "the broker closed the connection: \(code) \(reason)"
        case .consumerCancelled(let queue): "the broker cancelled the consumer; the queue \(queue) has been deleted or moved"
        case .undeclarable(let sentence): sentence
        }
    }

    init(_ close: amqp_channel_close_t) {
        self = .channelClosed(
            code: Int(close.reply_code), reason: String(close.reply_text),
            over: amqp_method_number_t(close.class_id) << 16 | amqp_method_number_t(close.method_id))
    }

    init(_ close: amqp_connection_close_t) {
        self = .connectionClosed(code: Int(close.reply_code), reason: String(close.reply_text))
    }

    /// Whether the library and the broker still agree on where they are, so that the connection can be closed in good order.
    var leavesConnectionUsable: Bool {
        switch self {
        case .channelClosed, .consumerCancelled, .undeclarable: true
        case .library, .violation, .connectionClosed: false
        }
    }
}
