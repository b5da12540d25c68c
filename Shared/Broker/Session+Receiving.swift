import CRabbitMQ
import Glibc
import Mail

/// What the broker sends of its own accord.
enum Event {
    case delivered(Message, tag: UInt64, isRedelivered: Bool)
    /// A message with a body beyond `Wire.largestBody`, not kept.
    case oversized(tag: UInt64, bytes: UInt64)
    /// Published as mandatory, and no queue takes it. Its confirm comes afterwards all the same.
    case returned(MessageID, exchange: String, routingKey: String)
    /// - Parameter upTo: All up to this tag.
    case confirmed(tag: UInt64, upTo: Bool, isTaken: Bool)
    /// The alarm began or ended: see ``Session/blocked``.
    case blockedChanged
    case consumerCancelled
    /// The answer to our own cancel.
    case deliveriesEnded
    case counted(Int)
}

extension Session {
    /// The next thing that has arrived, without waiting; `nil` when nothing has. Sends heartbeats that are due.
    /// - Throws: when the connection is at its end, also because the broker closed it in good order.
    func next() throws(LinkFailure) -> Event? {
        while true {
            var frame = amqp_frame_t()
            var noTime = timeval()
            let status = amqp_simple_wait_frame_noblock(state, &frame, &noTime)
            if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
            try check(status, "receiving")
            let event = try read(frame)
            // The library's memory grows with every frame until told that all has been copied.
            amqp_maybe_release_buffers_on_channel(state, frame.channel)
            if let event { return event }
        }
    }

    private func read(_ frame: amqp_frame_t) throws(LinkFailure) -> Event? {
        guard frame.channel <= Self.channel else { throw .violation("a frame on channel \(frame.channel)") }
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            guard let decoded = frame.payload.method.decoded else { throw .violation("an empty method") }
            return try read(frame.payload.method.id, decoded)
        case AMQP_FRAME_HEADER:
            guard let decoded = frame.payload.properties.decoded, frame.payload.properties.class_id == 60 else {
                throw .violation("a header of class \(frame.payload.properties.class_id)")
            }
            return try partial.read(
                decoded.load(as: amqp_basic_properties_t.self), bodyBytes: frame.payload.properties.body_size)
        case AMQP_FRAME_BODY:
            return try partial.read(body: frame.payload.body_fragment)
        default:
            throw .violation("a frame of type \(frame.frame_type)")
        }
    }

    private func read(_ method: amqp_method_number_t, _ decoded: UnsafeMutableRawPointer) throws(LinkFailure) -> Event? {
        guard partial.head == nil || method == Method.connectionClose || method == Method.channelClose else {
            throw .violation("method \(method) within a message")
        }
        switch method {
        case Method.basicDeliver:
            let delivery = decoded.load(as: amqp_basic_deliver_t.self)
            try partial.begin(.delivery(tag: delivery.delivery_tag, isRedelivered: delivery.redelivered != 0))
            return nil
        case Method.basicReturn:
            let returned = decoded.load(as: amqp_basic_return_t.self)
            try partial.begin(.returned(exchange: String(returned.exchange), routingKey: String(returned.routing_key)))
            return nil
        case Method.basicAck:
            let ack = decoded.load(as: amqp_basic_ack_t.self)
            return .confirmed(tag: ack.delivery_tag, upTo: ack.multiple != 0, isTaken: true)
        case Method.basicNack:
            let nack = decoded.load(as: amqp_basic_nack_t.self)
            return .confirmed(tag: nack.delivery_tag, upTo: nack.multiple != 0, isTaken: false)
        case Method.connectionBlocked:
            blocked = String(decoded.load(as: amqp_connection_blocked_t.self).reason)
            return .blockedChanged
        case Method.connectionUnblocked:
            blocked = nil
            return .blockedChanged
        case Method.basicCancel:
            return .consumerCancelled
        case Method.basicCancelOK:
            return .deliveriesEnded
        case Method.queueDeclareOK:
            return .counted(Int(decoded.load(as: amqp_queue_declare_ok_t.self).message_count))
        case Method.channelFlow:
            return try readFlow(decoded.load(as: amqp_channel_flow_t.self))
        case Method.channelClose:
            let failure = LinkFailure(decoded.load(as: amqp_channel_close_t.self))
            var answer = amqp_channel_close_ok_t()
            try send(Method.channelCloseOK, &answer)
            throw failure
        case Method.connectionClose:
            let failure = LinkFailure(decoded.load(as: amqp_connection_close_t.self))
            var answer = amqp_connection_close_ok_t()
            try send(Method.connectionCloseOK, &answer, on: 0)
            throw failure
        default:
            throw .violation("method \(method), which nobody asked for")
        }
    }

    /// RabbitMQ has given up this way of saying "stop", but the protocol has it.
    private func readFlow(_ flow: amqp_channel_flow_t) throws(LinkFailure) -> Event {
        blocked = flow.active != 0 ? nil : "channel flow"
        var answer = amqp_channel_flow_ok_t(active: flow.active)
        try send(Method.channelFlowOK, &answer)
        return .blockedChanged
    }
}
