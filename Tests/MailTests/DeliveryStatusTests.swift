import Mail
import Testing

@Suite("The fold over one delivery's facts")
struct DeliveryStatusTests {
    @Test("any duplication and any order of a delivery's real facts give the same status", arguments: 0..<40)
    func realistic(block: UInt64) {
        for seed in (block * 50)..<(block * 50 + 50) {
            var random = Seeded(seed)
            var history = History(random: Seeded(seed))
            let facts = history.real()
            let status = DeliveryStatus(folding: facts)
            #expect(status.state == history.state, "seed \(seed): \(facts.map(\.kind.rawValue))")
            #expect(status.attempts == history.attempts, "seed \(seed)")
            #expect(status.firstDeferredAt == history.firstDeferredAt, "seed \(seed)")
            for _ in 0..<4 { #expect(DeliveryStatus(folding: Self.scrambled(facts, &random)) == status, "seed \(seed)") }
        }
    }

    @Test("any duplication and any order of any facts whatever give the same status", arguments: 0..<40)
    func arbitrary(block: UInt64) {
        for seed in (block * 50)..<(block * 50 + 50) {
            var random = Seeded(seed)
            var history = History(random: Seeded(seed ^ 0xABCD))
            let facts = history.arbitrary(count: Int.random(in: 0...14, using: &random))
            let status = DeliveryStatus(folding: facts)
            for _ in 0..<4 { #expect(DeliveryStatus(folding: Self.scrambled(facts, &random)) == status, "seed \(seed)") }
        }
    }

    private static func scrambled(_ facts: [Fact], _ random: inout Seeded) -> [Fact] {
        let repeated = facts.flatMap { Array(repeating: $0, count: Int.random(in: 1...3, using: &random)) }
        return repeated.shuffled(using: &random)
    }

    @Test("an outcome that overtakes the news of its start counts at once")
    func overtaking() {
        var history = History(random: Seeded(1))
        let delivered = history.fact(.attemptDelivered(history.ended(1)))
        let status = DeliveryStatus(folding: [delivered])
        #expect(status.state == .delivered)
        #expect(status.attempts == 1)
    }

    @Test("evidence about an uncertain attempt wins over a person's word and over a later attempt")
    func lateEvidence() {
        var history = History(random: Seeded(2))
        let facts = [
            history.fact(.deliveryPending(history.moved(1))), history.fact(.attemptStarted(history.started(1))),
            history.fact(.attemptUncertain(history.ended(1))),
            history.fact(
                .deliveryResolved(
                    DeliveryResolved(delivery: history.delivery, mailing: history.mailing, attempt: 1, delivered: false, by: "ann"))
            ),
            history.fact(.deliveryPending(history.moved(2))),
        ]
        #expect(DeliveryStatus(folding: facts).state == .pending)
        let evidence = history.fact(.attemptDelivered(history.ended(1)))
        #expect(DeliveryStatus(folding: facts + [evidence]).state == .delivered)
    }

    @Test("content that cannot be composed fails the delivery after its attempts, an address that is none before them")
    func failures() {
        var history = History(random: Seeded(3))
        let begun = [history.fact(.deliveryPending(history.moved(1))), history.fact(.attemptStarted(history.started(1)))]
        let unreadable = history.fact(
            .deliveryFailed(
                DeliveryFailed(delivery: history.delivery, mailing: history.mailing, reason: .unreadableContent, detail: "x")))
        let abandoned = history.fact(.attemptAbandoned(history.ended(1)))
        for facts in [begun + [unreadable], [unreadable] + begun, [unreadable, abandoned] + begun] {
            let status = DeliveryStatus(folding: facts)
            #expect(status.state == .failed)
            #expect(status.reason == .failed(.unreadableContent, detail: "x"))
        }
        let invalid = history.fact(
            .deliveryFailed(DeliveryFailed(delivery: history.delivery, mailing: history.mailing, reason: .invalidAddress)))
        #expect(DeliveryStatus(folding: [invalid]).state == .failed)
        #expect(DeliveryStatus(folding: [invalid]).changedAt == invalid.occurredAt)
    }

    @Test("after 72 hours of deferrals the delivery has bounced, expired, and says what the server said last")
    func expiry() {
        var history = History(random: Seeded(4))
        var deferred = history.ended(1)
        deferred.reply = ServerReply(code: 451, enhanced: "4.7.1", text: "Greylisted")
        let first = history.fact(.attemptDeferred(deferred))
        let second = history.fact(.attemptDeferred(history.ended(2)))
        let expired = history.fact(.deliveryExpired(history.moved(2)))
        let status = DeliveryStatus(folding: [expired, history.fact(.deliveryPending(history.moved(2))), second, first])
        #expect(status.state == .bounced)
        #expect(status.reason == .refused(Verdict(class: .transient, reason: .expired, certain: true)))
        #expect(status.firstDeferredAt == first.occurredAt)
        #expect(status.lastReply?.code == 451)
        #expect(status.lastWords == "451 4.7.1 Greylisted")
        #expect(status.changedAt == expired.occurredAt)
    }
}

/// Makes histories of one delivery.
struct History {
    var random: Seeded
    let delivery: DeliveryID
    let mailing: MailingID
    let session: SessionID
    private(set) var state: DeliveryState = .scheduled
    private(set) var attempts = 0
    private(set) var firstDeferredAt: Timestamp?
    private var now = Timestamp(microseconds: 1_790_000_000_000_000)

    init(random: Seeded) {
        var random = random
        delivery = .v7(at: now, random: &random)
        mailing = .v7(at: now, random: &random)
        session = .v7(at: now, random: &random)
        self.random = random
    }

    mutating func fact(_ body: Fact.Body) -> Fact {
        now = now + .milliseconds(Int.random(in: 0...2000, using: &random))
        return Fact(id: .v7(at: now, random: &random), organization: "studio", occurredAt: now, body: body)
    }

    func moved(_ attempt: Int) -> DeliveryMoved { DeliveryMoved(delivery: delivery, mailing: mailing, attempt: attempt) }
    func started(_ attempt: Int) -> AttemptStarted {
        AttemptStarted(delivery: delivery, mailing: mailing, attempt: attempt, session: session)
    }
    func ended(_ attempt: Int) -> AttemptEnded {
        AttemptEnded(delivery: delivery, mailing: mailing, attempt: attempt, session: session)
    }

    /// A history as the scheduler, a sender and a person make it, following the diagram; leaves the state it ended in.
    mutating func real() -> [Fact] {
        var facts: [Fact] = []

        if chance(0.05) {
            state = .dropped
            return [fact(.deliveryDropped(DeliveryDropped(delivery: delivery, mailing: mailing, reason: .suppressed)))]
        }
        if chance(0.05) {
            state = .failed
            return [fact(.deliveryFailed(DeliveryFailed(delivery: delivery, mailing: mailing, reason: .invalidAddress)))]
        }
        if chance(0.3) {
            facts.append(fact(.deliveryScheduled(moved(1))))
            if chance(0.2) { return cancelled(facts, attempt: 1) }
        }
        for attempt in 1...8 {
            facts.append(fact(.deliveryPending(moved(attempt))))
            state = .pending
            if chance(0.05) { return cancelled(facts, attempt: attempt) }
            if chance(0.05) { return facts }
            attempts = attempt
            facts.append(fact(.attemptStarted(started(attempt))))
            state = .sending
            switch Int.random(in: 0..<10, using: &random) {
            case 0, 1, 2:
                facts.append(fact(.attemptDelivered(ended(attempt))))
                state = .delivered
                return facts
            case 3:
                facts.append(fact(.attemptBounced(ended(attempt))))
                state = .bounced
                return facts
            case 4, 5, 6:
                let deferred = fact(.attemptDeferred(ended(attempt)))
                facts.append(deferred)
                firstDeferredAt = firstDeferredAt ?? deferred.occurredAt
                state = .deferred
                if chance(0.1) { return cancelled(facts, attempt: attempt) }
                if chance(0.1) {
                    facts.append(fact(.deliveryExpired(moved(attempt))))
                    state = .bounced
                    return facts
                }
            case 7:
                facts.append(fact(.attemptAbandoned(ended(attempt))))
                state = .pending
            case 8:
                facts.append(fact(.attemptUncertain(ended(attempt))))
                state = .uncertain
                if chance(0.3) { return facts }
                if chance(0.5) {
                    let delivered = chance(0.5)
                    facts.append(
                        fact(
                            .deliveryResolved(
                                DeliveryResolved(
                                    delivery: delivery, mailing: mailing, attempt: attempt, delivered: delivered, by: nil))))
                    state = delivered ? .delivered : .pending
                    if delivered { return facts }
                }
            default:
                return facts
            }
        }
        return facts
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }

    private mutating func cancelled(_ facts: [Fact], attempt: Int) -> [Fact] {
        state = .cancelled
        return facts + [fact(.deliveryCancelled(moved(attempt)))]
    }

    /// Facts without rhyme or reason, many at the same moment.
    mutating func arbitrary(count: Int) -> [Fact] {
        (0..<count).map { _ in
            let attempt = Int.random(in: 0...4, using: &random)
            let bodies: [Fact.Body] = [
                .deliveryScheduled(moved(attempt)), .deliveryPending(moved(attempt)), .deliveryCancelled(moved(attempt)),
                .deliveryExpired(moved(attempt)),
                .deliveryDropped(DeliveryDropped(delivery: delivery, mailing: mailing, reason: .inactive, detail: "\(attempt)")),
                .deliveryFailed(
                    DeliveryFailed(delivery: delivery, mailing: mailing, reason: .unreadableContent, detail: "\(attempt)")),
                .deliveryFailed(DeliveryFailed(delivery: delivery, mailing: mailing, reason: .noRecipient)),
                .deliveryResolved(
                    DeliveryResolved(
                        delivery: delivery, mailing: mailing, attempt: attempt, delivered: Bool.random(using: &random), by: nil)
                ),
                .attemptStarted(started(attempt)), .attemptDelivered(ended(attempt)), .attemptDeferred(ended(attempt)),
                .attemptBounced(ended(attempt)), .attemptUncertain(ended(attempt)), .attemptAbandoned(ended(attempt)),
                .messageOpened(MessageOpened(delivery: delivery, userAgent: nil)),
            ]
            let moment = Timestamp(microseconds: now.microseconds + Int64.random(in: 0...2, using: &random))
            let body = bodies[Int.random(in: 0..<bodies.count, using: &random)]
            return Fact(id: .v7(at: now, random: &random), organization: "studio", occurredAt: moment, body: body)
        }
    }
}
