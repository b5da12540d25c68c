import CRabbitMQ

/// What is asked before messages flow. Each call waits for its answer, so none of these may be used once a consumer runs: the
/// library would pile up the deliveries that come in between.
extension Session {
    /// - Throws: ``LinkFailure/undeclarable(_:)`` where a queue or exchange of that name but another kind exists.
    func declare(_ topology: Topology) throws(LinkFailure) {
        for exchange in topology.exchanges {
            arena.reset()
            amqp_exchange_declare(
                state, Self.channel, arena.bytes(exchange.name), arena.bytes(exchange.type), 0, 1, 0, 0, amqp_empty_table)
            try checkDeclared("exchange", exchange.name)
        }
        for queue in topology.queues {
            arena.reset()
            let arguments = arena.table(
                queue.arguments.map { name, value in
                    switch value {
                    case .text(let text): (name, arena.text(text))
                    case .number(let number): (name, .number(number))
                    }
                })
            amqp_queue_declare(state, Self.channel, arena.bytes(queue.name), 0, 1, 0, 0, arguments)
            try checkDeclared("queue", queue.name)
            for binding in queue.bindings {
                amqp_queue_bind(
                    state, Self.channel, arena.bytes(queue.name), arena.bytes(binding.exchange), arena.bytes(binding.key),
                    amqp_empty_table)
                try check(amqp_get_rpc_reply(state), "binding the queue \(queue.name)")
            }
        }
        amqp_maybe_release_buffers(state)
    }

    private func checkDeclared(_ kind: String, _ name: String) throws(LinkFailure) {
        do {
            try check(amqp_get_rpc_reply(state), "declaring the \(kind) \(name)")
        } catch .channelClosed(code: 406, let reason, _) {
            throw .undeclarable(
                "The \(kind) \(name) exists on the broker with other settings (\(reason)). Let it run empty and delete it, "
                    + "or give Waybill a virtual host of its own; it is declared again by itself.")
        }
    }

    func turnOnConfirms() throws(LinkFailure) {
        amqp_confirm_select(state, Self.channel)
        try check(amqp_get_rpc_reply(state), "asking for confirms")
    }

    /// - Returns: The name that the broker gave to a new queue for this connection alone.
    func declareOwnQueue() throws(LinkFailure) -> String {
        let answer = amqp_queue_declare(state, Self.channel, amqp_empty_bytes, 0, 0, 1, 1, amqp_empty_table)
        try check(amqp_get_rpc_reply(state), "declaring a queue for answers")
        guard let answer else { throw .violation("no name for a new queue") }
        return String(answer.pointee.queue)
    }

    /// - Parameter prefetch: The most deliveries unsettled at once; `nil` for deliveries that need no ack.
    /// - Returns: The consumer tag.
    func consume(_ queue: String, prefetch: Int?) throws(LinkFailure) -> String {
        if let prefetch {
            amqp_basic_qos(state, Self.channel, 0, UInt16(clamping: prefetch), 0)
            try check(amqp_get_rpc_reply(state), "limiting deliveries")
        }
        arena.reset()
        let answer = amqp_basic_consume(
            state, Self.channel, arena.bytes(queue), amqp_empty_bytes, 0, prefetch == nil ? 1 : 0, 0, amqp_empty_table)
        try check(amqp_get_rpc_reply(state), "consuming from the queue \(queue)")
        guard let answer else { throw .violation("no consumer tag") }
        return String(answer.pointee.consumer_tag)
    }
}
