import Mail
import Runtime
import Testing

@testable import Scheduler

@Suite("A delivery's work")
struct DeliveryTests {
    private let rules = WorkRules()
    private let session = SessionID.fresh()

    private func delivery(_ state: DeliveryState = .pending, whenUncertain: UncertaintyPolicy = .resend) -> Delivery {
        var work = Delivery(
            id: .fresh(), mailing: .fresh(), organization: "demo", whenUncertain: whenUncertain, state: state)
        switch state {
        case .sending:
            work.session = session
            work.dueAt = Samples.now + rules.claimLimit
        case .scheduled, .deferred: work.dueAt = Samples.now
        default: break
        }
        return work
    }

    private func ended(_ work: Delivery, retryAfter: Int? = nil) -> AttemptEnded {
        AttemptEnded(
            delivery: work.id, mailing: work.mailing, attempt: work.attempt, session: session, retryAfterSeconds: retryAfter)
    }

    private func claimed(_ work: inout Delivery, at now: Timestamp = Samples.now) {
        #expect(work.claim(attempt: work.attempt, by: session, at: now, rules: rules).refusal == nil)
    }

    @Test("is granted once: to the session that asked first, and to it again")
    func claims() {
        var work = delivery()
        let first = work.claim(attempt: 1, by: session, at: Samples.now, rules: rules)
        #expect(first.refusal == nil)
        #expect(first.facts.map(\.kind) == [.attemptStarted])
        let again = work.claim(attempt: 1, by: session, at: Samples.now, rules: rules)
        #expect(again.refusal == nil)
        #expect(again.facts.isEmpty)
        #expect(work.claim(attempt: 1, by: .fresh(), at: Samples.now, rules: rules).refusal == .claimed)
        #expect(work.session == session)
    }

    @Test(
        "refuses a claim in every state but pending, with the reason",
        arguments: [
            (.scheduled, 1, .wait), (.pending, 2, .wait), (.pending, 0, .finished), (.deferred, 1, .finished),
            (.deferred, 2, .wait),
            (.cancelled, 1, .cancelled), (.delivered, 1, .finished), (.bounced, 1, .finished), (.dropped, 1, .finished),
            (.failed, 1, .finished), (.uncertain, 1, .finished), (.sending, 2, .wait), (.sending, 0, .finished),
        ] as [(DeliveryState, Int, ClaimRefusal.Reason)])
    func refusals(state: DeliveryState, attempt: Int, reason: ClaimRefusal.Reason) {
        var work = delivery(state)
        let before = work
        #expect(work.claim(attempt: attempt, by: .fresh(), at: Samples.now, rules: rules).refusal == reason)
        #expect(work == before)
    }

    @Test("is uncertain when the holder of a contested claim stays silent for the grace period, not before")
    func contested() {
        var work = delivery()
        claimed(&work)
        let met = Samples.now + .seconds(60)
        _ = work.claim(attempt: 1, by: .fresh(), at: met, rules: rules)
        _ = work.claim(attempt: 1, by: .fresh(), at: met + .seconds(600), rules: rules)
        #expect(work.dueAt == met + rules.claimGrace)
        #expect(work.fallDue(at: met + rules.claimGrace - .microseconds(1), rules: rules, jitter: 0).isEmpty)
        let facts = work.fallDue(at: met + rules.claimGrace, rules: rules, jitter: 0)
        #expect(facts.map(\.kind) == [.attemptUncertain, .deliveryPending])
        #expect(work.attempt == 2)
    }

    @Test("is uncertain in the end when nobody ever asks about the claim")
    func forgotten() {
        var work = delivery(whenUncertain: .hold)
        claimed(&work)
        #expect(work.fallDue(at: Samples.now + rules.claimLimit, rules: rules, jitter: 0).map(\.kind) == [.attemptUncertain])
        #expect(work.state == .uncertain)
        #expect(work.dueAt == nil)
    }

    @Test("is tried again and again for 72 hours after the first deferral, then bounces as expired, never before")
    func expiry() {
        var work = delivery()
        var now = Samples.now
        let end = Samples.now + .seconds(72 * 3600)
        var retries = 0
        while true {
            claimed(&work, at: now)
            let facts = work.learn(.attemptDeferred, of: ended(work), at: now, now: now, rules: rules, jitter: 1)
            #expect(facts.isEmpty)
            guard work.state == .deferred, let due = work.dueAt else { break }
            #expect(due <= end)
            #expect(work.fallDue(at: due - .microseconds(1), rules: rules, jitter: 0).isEmpty)
            let moved = work.fallDue(at: due, rules: rules, jitter: 0)
            now = due
            if due == end {
                #expect(moved.map(\.kind) == [.deliveryExpired])
                break
            }
            #expect(moved.map(\.kind) == [.deliveryPending])
            retries += 1
            #expect(work.attempt == retries + 1)
        }
        #expect(work.state == .bounced)
        #expect(retries > 20)
        #expect(now == end)
    }

    @Test("deferred once more after the 72 hours it bounces at once")
    func lateDeferral() {
        var work = delivery()
        claimed(&work)
        _ = work.learn(.attemptDeferred, of: ended(work), at: Samples.now, now: Samples.now, rules: rules, jitter: 0)
        let almost = Samples.now + .seconds(72 * 3600 - 60)
        _ = work.fallDue(at: almost, rules: rules, jitter: 0)
        claimed(&work, at: almost)
        #expect(work.state == .sending)
        let late = almost + .seconds(60)
        let facts = work.learn(.attemptDeferred, of: ended(work), at: late, now: late, rules: rules, jitter: 0)
        #expect(facts.map(\.kind) == [.deliveryExpired])
        #expect(work.state == .bounced)
    }

    @Test(
        "waits as long as the server asks, but is tried once more before the 72 hours are over",
        arguments: [(7200, 7200), (10, 60), (9_999_999, 258_600), (-5, 60)])
    func retryAfter(asked: Int, seconds: Int) {
        var work = delivery()
        claimed(&work)
        _ = work.learn(
            .attemptDeferred, of: ended(work, retryAfter: asked), at: Samples.now, now: Samples.now, rules: rules, jitter: 0)
        #expect(work.dueAt == Samples.now + .seconds(seconds))
    }

    @Test("counts a delivery whichever attempt it was, anything else only of the current attempt")
    func lateNews() {
        var work = delivery()
        claimed(&work)
        let first = ended(work)
        _ = work.loseSession(at: Samples.now, rules: rules, jitter: 0)
        #expect(work.attempt == 2)
        let before = work
        for event in [DeliveryEvent.attemptUncertain, .attemptAbandoned] {
            #expect(work.learn(event, of: first, at: Samples.now, now: Samples.now, rules: rules, jitter: 0).isEmpty)
            #expect(work == before)
        }
        _ = work.learn(.attemptDelivered, of: first, at: Samples.now, now: Samples.now, rules: rules, jitter: 0)
        #expect(work.state == .delivered)
        #expect(work.claim(attempt: 2, by: .fresh(), at: Samples.now, rules: rules).refusal == .finished)
    }

    @Test("abandoned goes back to the queue at once, as the next attempt")
    func abandoned() {
        var work = delivery()
        claimed(&work)
        let facts = work.learn(.attemptAbandoned, of: ended(work), at: Samples.now, now: Samples.now, rules: rules, jitter: 0)
        #expect(facts.map(\.kind) == [.deliveryPending])
        #expect((work.state, work.attempt, work.dueAt) == (.pending, 2, nil))
    }

    @Test(
        "abandoned again and again it is put off for ever longer, and fails in the end where everybody sees it",
        arguments: [true, false])
    func abandonedAgainAndAgain(bySessionEnd: Bool) {
        var work = delivery()
        var now = Samples.now
        var waits: [Duration] = []
        var last: [Fact.Kind] = []
        while !work.isOver, waits.count < 100 {
            claimed(&work, at: now)
            let facts =
                bySessionEnd
                ? Array(work.loseSession(at: now, rules: rules, jitter: 0).dropFirst())
                : work.learn(.attemptAbandoned, of: ended(work), at: now, now: now, rules: rules, jitter: 0)
            last = facts.map(\.kind)
            if work.state == .deferred, let due = work.dueAt {
                #expect(last == [.attemptDeferred])
                waits.append(due - now)
                now = due
                _ = work.fallDue(at: now, rules: rules, jitter: 0)
            } else if !work.isOver {
                #expect(last == [.deliveryPending])
                waits.append(.zero)
            }
        }
        #expect(waits == [0, 0, 0, 1, 2, 4, 8, 16, 32].map { .seconds($0 * 60) })
        #expect(work.state == .failed)
        #expect(last == [.deliveryFailed])
        #expect(work.attempt == 10)
    }

    @Test("one conversation with a server is enough to forget the attempts that were abandoned")
    func abandonmentsForgotten() {
        var work = delivery()
        for _ in 0..<3 {
            claimed(&work)
            _ = work.loseSession(at: Samples.now, rules: rules, jitter: 0)
        }
        claimed(&work)
        _ = work.learn(.attemptDeferred, of: ended(work), at: Samples.now, now: Samples.now, rules: rules, jitter: 0)
        _ = work.fallDue(at: Samples.now + .seconds(60), rules: rules, jitter: 0)
        claimed(&work)
        #expect(work.loseSession(at: Samples.now, rules: rules, jitter: 0).map(\.kind) == [.attemptAbandoned, .deliveryPending])
    }

    @Test("uncertain is held where the mailing says so, until a person decides", arguments: [true, false])
    func held(arrived: Bool) {
        var work = delivery(whenUncertain: .hold)
        claimed(&work)
        #expect(work.learn(.attemptUncertain, of: ended(work), at: Samples.now, now: Samples.now, rules: rules, jitter: 0).isEmpty)
        #expect((work.state, work.dueAt) == (.uncertain, nil))
        #expect(work.cancel(by: nil).isEmpty)
        let facts = work.resolve(delivered: arrived, by: "ann")
        #expect(facts.map(\.kind) == (arrived ? [.deliveryResolved] : [.deliveryResolved, .deliveryPending]))
        #expect((work.state, work.attempt) == (arrived ? (.delivered, 1) : (.pending, 2)))
        #expect(work.resolve(delivered: true, by: "ann").isEmpty)
    }

    @Test("uncertain is sent again: at once, then ever more rarely, and after five times a person decides")
    func resent() {
        var work = delivery()
        var waits: [Duration] = []
        var now = Samples.now
        while work.state != .uncertain || work.dueAt != nil {
            claimed(&work, at: now)
            _ = work.learn(.attemptUncertain, of: ended(work), at: now, now: now, rules: rules, jitter: 0)
            guard work.state == .uncertain else {
                waits.append(.zero)
                continue
            }
            guard let due = work.dueAt else { break }
            waits.append(due - now)
            now = due
            _ = work.fallDue(at: now, rules: rules, jitter: 0)
        }
        #expect(waits == [.zero, .seconds(60), .seconds(120), .seconds(240), .seconds(480)])
        #expect(work.attempt == 6)
    }

    @Test("is cancelled while it waits and never afterwards", arguments: DeliveryState.allCases)
    func cancelled(state: DeliveryState) {
        var work = delivery(state)
        let isWaiting = [.scheduled, .pending, .deferred].contains(state)
        #expect(work.cancel(by: "ann").map(\.kind) == (isWaiting ? [.deliveryCancelled] : []))
        #expect(work.state == (isWaiting ? .cancelled : state))
        if isWaiting { #expect(work.dueAt == nil) }
    }
}
