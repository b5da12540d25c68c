import Logging
import Mail
import Metrics

/// Consumes one queue, and sends answers to those who ask over it.
final class ConsumeRole: Role {
    enum Command: Sendable {
        case settle(tag: UInt64, generation: Int, Settlements.Outcome)
        /// Published without confirm: who asked asks again where it is lost.
        case reply(Outgoing)
    }

    private let queue: String
    private let prefetch: Int
    private let inbox: Inbox
    private let ring: CommandRing<Command>
    private let logger: Logger

    private var generation = 0
    private var consumerTag = ""
    private var settlements = Settlements()
    private var arrived: [Incoming] = []
    private var replies = FIFO<Outgoing>()
    private var isConsuming = false
    /// When the broker is to be told what has been settled.
    private var settleDue: ContinuousClock.Instant?

    init(queue: String, prefetch: Int, inbox: Inbox, ring: CommandRing<Command>, logger: Logger) {
        self.queue = queue
        self.prefetch = prefetch
        self.inbox = inbox
        self.ring = ring
        self.logger = logger
    }

    func open(on session: Session) throws(LinkFailure) {
        generation += 1
        settlements = Settlements()
        consumerTag = try session.consume(queue, prefetch: prefetch)
        isConsuming = true
    }

    func perform(_ command: Command, on session: Session?) throws(LinkFailure) {
        switch command {
        case .settle(let tag, let generation, let outcome):
            // The tags of an earlier connection mean other messages on this one.
            if generation == self.generation, session != nil { settlements.settle(tag, outcome) }
        case .reply(let reply):
            if session != nil { replies.append(reply) }
        }
    }

    func handle(_ event: Event, on session: Session) throws(LinkFailure) {
        switch event {
        case .delivered(let message, let tag, let isRedelivered):
            try note(tag)
            arrived.append(
                Incoming(message: message, isRedelivered: isRedelivered, tag: tag, generation: generation, ring: ring))
        case .oversized(let tag, let bytes):
            try note(tag)
            settlements.close(tag)
            try session.reject(tag)
            Self.oversized.increment()
            logger.error(
                "A message is too large to be read and goes to the dead letters as rejected",
                metadata: ["queue": "\(queue)", "bytes": "\(bytes)", "most": "\(Wire.largestBody)"])
        case .consumerCancelled:
            throw .consumerCancelled(queue: queue)
        case .deliveriesEnded:
            hand()
            isConsuming = false
            for untaken in inbox.finish() { settlements.settle(untaken.tag, .requeue) }
        case .blockedChanged:
            return
        case .returned, .confirmed, .counted:
            throw .violation("an answer to a question that was not asked")
        }
    }

    private func note(_ tag: UInt64) throws(LinkFailure) {
        guard settlements.open(tag) else { throw .violation("delivery tag \(tag) out of order") }
    }

    func work(on session: Session, at now: ContinuousClock.Instant) throws(LinkFailure) -> ContinuousClock.Instant? {
        hand()
        while session.blocked == nil, let reply = replies.popFirst() {
            try session.publish(reply.message, to: reply.exchange, routingKey: reply.routingKey, isMandatory: false)
        }
        // An ack after the answers that go with it; while blocked the questions stay ours.
        guard replies.isEmpty, settlements.untoldCount > 0 else { return nil }
        // Acks cost the broker as much as messages do, so they wait a moment for others, unless deliveries wait for them.
        let due = settleDue ?? now + Self.linger
        settleDue = due
        guard due <= now || settlements.untoldCount >= prefetch / 8 else { return due }
        settleDue = nil
        for order in settlements.takeOrders() {
            switch order {
            case .ack(let tag, let multiple): try session.ack(tag, multiple: multiple)
            case .requeue(let tag): try session.requeue(tag)
            }
        }
        return nil
    }

    private func hand() {
        guard !arrived.isEmpty else { return }
        Self.received.increment(by: arrived.count)
        inbox.deliver(arrived)
        arrived = []
    }

    func lost(_ failure: LinkFailure) {
        generation += 1
        isConsuming = false
        settlements = Settlements()
        arrived = []
        _ = replies.removeAll()
        inbox.discard()
    }

    func drain(on session: Session) throws(LinkFailure) { try session.cancel(consumerTag: consumerTag) }

    /// Settled is not enough: the broker has to have been told, or it hands the message out again.
    var isDrained: Bool {
        !isConsuming && settlements.openCount == 0 && settlements.untoldCount == 0 && replies.isEmpty
    }

    func end() { _ = inbox.finish() }

    private static let linger = Duration.milliseconds(1)
    private static let received = Counter(label: "waybill_broker_received_total")
    private static let oversized = Counter(label: "waybill_broker_oversized_total")
}
