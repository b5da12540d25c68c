import Mail

/// A message on its way out, and those who wait for its confirm.
final class Outgoing: Sendable {
    let message: Message
    let exchange: String
    let routingKey: String
    let waiters: [Waiter<Void>]

    init(_ message: Message, to exchange: String, routingKey: String, waiters: [Waiter<Void>]) {
        self.message = message
        self.exchange = exchange
        self.routingKey = routingKey
        self.waiters = waiters
    }

    /// Whether anybody still waits for it.
    var isWanted: Bool { waiters.contains { !$0.isOver } }

    func succeed() { waiters.forEach { $0.succeed(()) } }
    func fail(_ error: BrokerError) { waiters.forEach { $0.fail(error) } }
}
