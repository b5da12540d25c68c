import CRabbitMQ
import Foundation
import Mail

extension Session {
    /// Hands a message to the socket. That it left says nothing: only the confirm does.
    func publish(_ message: Message, to exchange: String, routingKey: String, isMandatory: Bool) throws(LinkFailure) {
        arena.reset()
        var properties = properties(of: message)
        let exchange = arena.bytes(exchange)
        let key = arena.bytes(routingKey)
        if message.body.count > 1_000_000 { hurry(byteCount: message.body.count) }
        let status = message.body.withUnsafeBytes { body in
            amqp_basic_publish(
                state, Self.channel, exchange, key, isMandatory ? 1 : 0, 0, &properties,
                amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress)))
        }
        try check(status, "publishing")
    }

    private func properties(of message: Message) -> amqp_basic_properties_t {
        var properties = amqp_basic_properties_t()
        var flags =
            AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TYPE_FLAG
            | AMQP_BASIC_APP_ID_FLAG
        properties.content_type = arena.bytes(message.contentType)
        properties.delivery_mode = UInt8((message.isPersistent ? AMQP_DELIVERY_PERSISTENT : AMQP_DELIVERY_NONPERSISTENT).rawValue)
        properties.message_id = arena.bytes(message.id.description)
        properties.type = arena.bytes(message.type)
        properties.app_id = arena.bytes(message.app)
        if let timestamp = message.timestamp, timestamp.seconds >= 0 {
            flags |= AMQP_BASIC_TIMESTAMP_FLAG
            properties.timestamp = UInt64(timestamp.seconds)
        }
        if let replyTo = message.replyTo {
            flags |= AMQP_BASIC_REPLY_TO_FLAG
            properties.reply_to = arena.bytes(replyTo)
        }
        if let correlation = message.correlationID {
            flags |= AMQP_BASIC_CORRELATION_ID_FLAG
            properties.correlation_id = arena.bytes(correlation)
        }
        var headers = message.headers.map { (name: $0.key, value: arena.text($0.value)) }
        if let version = message.version { headers.append((Wire.versionHeader, .number(Int64(version)))) }
        if !headers.isEmpty {
            flags |= AMQP_BASIC_HEADERS_FLAG
            properties.headers = arena.table(headers)
        }
        properties._flags = amqp_flags_t(flags)
        return properties
    }

    /// - Parameter multiple: All up to this one.
    func ack(_ tag: UInt64, multiple: Bool) throws(LinkFailure) {
        try check(amqp_basic_ack(state, Self.channel, tag, multiple ? 1 : 0), "acknowledging")
    }

    func requeue(_ tag: UInt64) throws(LinkFailure) {
        try check(amqp_basic_nack(state, Self.channel, tag, 0, 1), "requeueing")
    }

    /// Lets the broker put the message aside: its queue's dead-letter exchange gets it, with `rejected` as the reason in `x-death`.
    func reject(_ tag: UInt64) throws(LinkFailure) {
        try check(amqp_basic_reject(state, Self.channel, tag, 0), "rejecting")
    }

    /// Asks for no more deliveries; the answer comes as ``Event/deliveriesEnded``.
    func cancel(consumerTag: String) throws(LinkFailure) {
        arena.reset()
        var method = amqp_basic_cancel_t(consumer_tag: arena.bytes(consumerTag), nowait: 0)
        try send(Method.basicCancel, &method)
    }

    /// Asks how many messages wait in a queue; the answer comes as ``Event/counted(_:)``, in order of asking. A queue that does not
    /// exist costs the channel.
    func count(_ queue: String) throws(LinkFailure) {
        arena.reset()
        var method = amqp_queue_declare_t()
        method.queue = arena.bytes(queue)
        method.passive = 1
        try send(Method.queueDeclare, &method)
    }

    func send<Arguments>(_ method: amqp_method_number_t, _ arguments: inout Arguments, on channel: amqp_channel_t = channel)
        throws(LinkFailure)
    {
        let status = withUnsafeMutablePointer(to: &arguments) { amqp_send_method(state, channel, method, $0) }
        try check(status, "sending to the broker")
    }
}
