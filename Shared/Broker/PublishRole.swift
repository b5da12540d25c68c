import Foundation
import Logging
import Mail
import Metrics

/// Publishes with confirms: what is not confirmed is published again on the next connection.
final class PublishRole: Role {
    enum Command: Sendable {
        case publish(Outgoing)
        case facts(FactPiece)
        case count(queue: String, Waiter<Int?>)
    }

    private let app: String
    private let timings: Timings
    private let logger: Logger
    private var waiting = FIFO<Outgoing>()
    private var window = ConfirmWindow()
    private var buckets: FactBuckets
    private var nacked: [Outgoing] = []
    private var retry: ContinuousClock.Instant?
    private var counts = FIFO<Waiter<Int?>>()
    private var isDraining = false
    private var crowd = smallestCrowd
    private var isProbing = false
    /// How many at the front of ``waiting`` may be the one for which the broker closed the channel; they go one at a time.
    private var suspects = 0

    /// The most messages under way at once. A quorum queue takes twenty times as many as one at a time, and more gains nothing.
    static let largestWindow = 1000
    /// The most bytes under way at once, but for a single larger message: little enough to fit into the sockets' buffers, so that
    /// an alarm finds the thread reading and not stuck in a send.
    static let largestWindowBytes = 2_000_000

    private static let smallestCrowd = 4096

    init(app: String, timings: Timings, logger: Logger) {
        self.app = app
        self.timings = timings
        self.logger = logger
        buckets = FactBuckets(linger: timings.linger, app: app)
    }

    func open(on session: Session) throws(LinkFailure) {
        try session.turnOnConfirms()
        // Under an alarm the broker says so only after the first publish. This one has no queue and is confirmed at once, or never.
        let now = Timestamp(Date())
        var random = SystemRandomNumberGenerator()
        let probe = Message(
            id: .v7(at: now, random: &random), type: "probe", app: app, timestamp: now, isPersistent: false, body: Data())
        try session.publish(probe, to: "", routingKey: "waybill.probe", isMandatory: false)
        window.append(nil)
        isProbing = true
    }

    func perform(_ command: Command, on session: Session?) throws(LinkFailure) {
        switch command {
        case .publish(let outgoing):
            waiting.append(outgoing)
            if waiting.count >= crowd {
                // While the broker is away callers come, give up and come again: those who left must not fill the memory.
                waiting.keep(where: \.isWanted)
                crowd = max(Self.smallestCrowd, 2 * waiting.count)
            }
        case .facts(let piece):
            if let full = buckets.add(piece, at: .now) { waiting.append(full) }
        case .count(let queue, let waiter):
            // A broker that has blocked us reads no questions either.
            guard let session, session.blocked == nil else { return waiter.succeed(nil) }
            counts.append(waiter)
            try session.count(queue)
        }
    }

    func handle(_ event: Event, on session: Session) throws(LinkFailure) {
        switch event {
        case .confirmed(let tag, let upTo, let isTaken):
            for entry in window.settle(tag: tag, upTo: upTo) { settle(entry, isTaken: isTaken) }
        case .returned(let id, let exchange, let key):
            window.markReturned { $0.message.id == id && $0.exchange == exchange && $0.routingKey == key }
        case .counted(let count):
            counts.popFirst()?.succeed(count)
        case .blockedChanged:
            // Their places stay: the answers come once the alarm is over.
            for index in 0..<counts.count where session.blocked != nil { counts[index]?.succeed(nil) }
        case .delivered, .oversized, .consumerCancelled, .deliveriesEnded:
            throw .violation("a delivery on a connection that only publishes")
        }
    }

    private func settle(_ entry: ConfirmWindow.Entry, isTaken: Bool) {
        guard let outgoing = entry.outgoing else {
            isProbing = false
            return
        }
        if entry.isReturned {
            Self.unroutable.increment()
            outgoing.fail(.unroutable(exchange: outgoing.exchange, routingKey: outgoing.routingKey))
        } else if isTaken {
            Self.confirmed.increment()
            outgoing.succeed()
        } else {
            Self.nacks.increment()
            nacked.append(outgoing)
            if retry == nil { retry = .now + timings.retry }
            return
        }
        suspects = max(0, suspects - 1)
    }

    func work(on session: Session, at now: ContinuousClock.Instant) throws(LinkFailure) -> ContinuousClock.Instant? {
        for full in isDraining ? buckets.takeAll() : buckets.takeDue(at: now) { waiting.append(full) }
        if let due = retry, due <= now {
            waiting.prepend(nacked)
            nacked = []
            retry = nil
        }
        let isMore = try publishSome(on: session)
        return isMore ? now : [buckets.nextDue, retry].compactMap { $0 }.min()
    }

    /// - Returns: Whether more could be published at once.
    private func publishSome(on session: Session) throws(LinkFailure) -> Bool {
        for _ in 0..<64 {
            guard session.blocked == nil, !isProbing, hasRoom else { return false }
            guard let outgoing = waiting.popFirst() else { return false }
            guard outgoing.isWanted else {
                suspects = max(0, suspects - 1)
                continue
            }
            // In the window first: if this fails, the message may be on its way all the same.
            window.append(outgoing)
            try session.publish(outgoing.message, to: outgoing.exchange, routingKey: outgoing.routingKey, isMandatory: true)
        }
        return true
    }

    private var hasRoom: Bool {
        if suspects > 0 { return window.count == 0 }
        return window.count < Self.largestWindow && window.byteCount < Self.largestWindowBytes
    }

    func lost(_ failure: LinkFailure) {
        for waiter in counts.removeAll() { waiter.succeed(nil) }
        isProbing = false
        var again = window.reset()
        if case .channelClosed(let code, let reason, over: Method.basicPublish) = failure {
            // The broker closes the channel for the fault of one message and does not say which. Alone, it is known.
            if suspects > 0, again.count == 1 {
                Self.refused.increment()
                again.removeFirst().fail(.refused("\(code) \(reason)"))
                suspects -= 1
            } else {
                suspects = max(suspects, again.count)
            }
        }
        Self.lost.increment(by: again.count)
        waiting.prepend(again + nacked)
        nacked = []
        retry = nil
    }

    func drain(on session: Session) throws(LinkFailure) { isDraining = true }

    /// What nobody waits for any more holds up nothing: while the broker is away it would keep the service from stopping.
    var isDrained: Bool {
        window.count == 0 && !buckets.isWanted && !nacked.contains(where: \.isWanted) && !waiting.contains(where: \.isWanted)
    }

    func end() {
        for outgoing in window.reset() + nacked { outgoing.fail(.unconfirmed("the service stopped first")) }
        for outgoing in buckets.takeAll() { outgoing.fail(.shutDown) }
        for outgoing in waiting.removeAll() { outgoing.fail(.shutDown) }
        for waiter in counts.removeAll() { waiter.succeed(nil) }
    }

    private static let confirmed = outcome("confirmed")
    private static let unroutable = outcome("unroutable")
    private static let nacks = outcome("nacked")
    private static let refused = outcome("refused")
    private static let lost = outcome("connection-lost")

    private static func outcome(_ name: String) -> Counter {
        Counter(label: "waybill_broker_published_total", dimensions: [("outcome", name)])
    }
}
