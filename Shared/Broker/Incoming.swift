/// One message as it arrived, to be acked once whatever follows from it is durable.
package struct Incoming: Sendable {
    package let message: Message
    package let isRedelivered: Bool

    let tag: UInt64
    let generation: Int
    let ring: CommandRing<ConsumeRole.Command>

    /// Settles the message. Never blocks; ignored where the connection that it came by is gone (it will come again).
    package func ack() { settle(.ack) }
    /// Gives it back to the queue, for someone else or for later.
    package func requeue() { settle(.requeue) }

    private func settle(_ outcome: Settlements.Outcome) {
        // After the connection's end there is nobody to tell, and nothing to do: it will come again.
        _ = ring.post(.settle(tag: tag, generation: generation, outcome))
    }
}
