package import Logging
import ServiceLifecycle

/// Consumes one queue over a connection of its own, across reconnects.
///
/// A message with a body beyond `Wire.largestBody` is never held: the broker puts it aside in `waybill.dead` with the reason
/// `rejected` in its `x-death` header. Nothing else is rejected that way.
package final class Consumer: Service, Sendable {
    private let inbox = Inbox()
    private let link: Link<ConsumeRole>

    /// - Parameter prefetch: The most messages unsettled at once, 1 to 65,535.
    package convenience init(from queue: String, at address: BrokerAddress, prefetch: Int, app: String, logger: Logger) {
        self.init(from: queue, at: address, prefetch: prefetch, app: app, timings: Timings(), logger: logger)
    }

    init(
        from queue: String, at address: BrokerAddress, prefetch: Int, app: String, use: LinkUse = .consume, timings: Timings,
        logger: Logger
    ) {
        var logger = logger
        logger[metadataKey: "queue"] = "\(queue)"
        link = Link(use, to: address, app: app, timings: timings, logger: logger) { [inbox, logger] ring in
            ConsumeRole(queue: queue, prefetch: prefetch, inbox: inbox, ring: ring, logger: logger)
        }
    }

    package var status: ConnectionStatus { link.status }

    /// What arrived since the last batch was taken, in order, never empty; ends on graceful shutdown. For one reader.
    package var batches: AsyncStream<[Incoming]> {
        AsyncStream { [inbox] in await inbox.take() }
    }

    /// Stops deliveries at graceful shutdown, then keeps the connection while what was delivered is being settled, a bounded time.
    package func run() async throws { await link.run() }

    /// Runs, and hands over each batch in turn; the connection stays while the last of them is being settled.
    package func run(_ take: @escaping @Sendable ([Incoming]) async -> Void) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await self.run() }
            // Ends when the consumer has: nothing more can come then.
            group.addTask { for await batch in self.batches { await take(batch) } }
            try await group.waitForAll()
        }
    }

    /// Sends an answer to the queue that a question names.
    func reply(_ message: Message, to queue: String) {
        // Where the connection has ended the question is asked again, of someone else.
        _ = link.ring.post(.reply(Outgoing(message, to: "", routingKey: queue, waiters: [])))
    }
}
