import Mail
import Runtime
import Testing

@testable import Scheduler

/// The scheduler decides step by step; everyone else folds the facts. Both must come to the same.
@Suite("What the scheduler holds and what its facts add up to")
struct AgreementTests {
    /// One delivery, its senders and its facts.
    private struct World {
        var work: Delivery
        var now = Samples.now
        var facts: [Fact] = []
        /// Attempts under way at some sender, which will report one outcome.
        var underWay: [AttemptEnded] = []
        var reported: [(DeliveryEvent, AttemptEnded)] = []
        let rules = WorkRules()

        mutating func tell(_ bodies: [Fact.Body]) {
            for body in bodies { facts.append(Fact(id: .fresh(), organization: "demo", occurredAt: now, body: body)) }
        }

        mutating func report(_ event: DeliveryEvent, _ ended: AttemptEnded) {
            let body: Fact.Body =
                switch event {
                case .attemptDelivered: .attemptDelivered(ended)
                case .attemptDeferred: .attemptDeferred(ended)
                case .attemptBounced: .attemptBounced(ended)
                case .attemptUncertain: .attemptUncertain(ended)
                default: .attemptAbandoned(ended)
                }
            tell([body])
            reported.append((event, ended))
            tell(work.learn(event, of: ended, at: now, now: now, rules: rules, jitter: 0))
        }
    }

    @Test("agree after any life, late and repeated reports included", arguments: 0..<50)
    func agreement(seed: Int) throws {
        var random = Seeded(state: UInt64(seed) &+ 1)
        for _ in 0..<200 {
            var world = World(
                work: Delivery(
                    id: .fresh(), mailing: .fresh(), organization: "demo",
                    whenUncertain: Bool.random(using: &random) ? .hold : .resend,
                    state: .scheduled))
            world.tell(world.work.begin(sendAt: Bool.random(using: &random) ? nil : world.now + .seconds(60), at: world.now))
            var story: [String] = []
            for _ in 0..<Int.random(in: 1...25, using: &random) {
                story.append(step(&world, &random))
                let folded = DeliveryStatus(folding: world.facts.shuffled(using: &random)).state
                #expect(folded == world.work.state, "after \(story.joined(separator: ", "))")
                guard folded == world.work.state else { return }
            }
        }
    }

    private func step(_ world: inout World, _ random: inout Seeded) -> String {
        world.now = world.now + .seconds(Int.random(in: 1...400, using: &random))
        switch Int.random(in: 0..<12, using: &random) {
        case 0...3:
            let session = SessionID.fresh()
            let attempt = world.work.attempt
            let (refusal, facts) = world.work.claim(attempt: attempt, by: session, at: world.now, rules: world.rules)
            world.tell(facts)
            if refusal == nil {
                world.underWay.append(
                    AttemptEnded(delivery: world.work.id, mailing: world.work.mailing, attempt: attempt, session: session))
            }
            return "claim \(attempt) \(refusal.map { "\($0)" } ?? "granted")"
        case 4...7:
            guard let index = world.underWay.indices.randomElement(using: &random) else { return "nothing" }
            let ended = world.underWay.remove(at: index)
            let events: [DeliveryEvent] = [
                .attemptDelivered, .attemptDeferred, .attemptBounced, .attemptUncertain, .attemptAbandoned, .attemptDeferred,
            ]
            var event = events[Int.random(in: 0..<events.count, using: &random)]
            // A refusal that is learned of after a person has decided otherwise changes the history, but no work.
            if event == .attemptBounced, world.work.isOver { event = .attemptDelivered }
            world.report(event, ended)
            return "\(event) of \(ended.attempt)"
        case 8:
            guard let index = world.reported.indices.randomElement(using: &random) else { return "nothing" }
            let (event, ended) = world.reported[index]
            if event == .attemptBounced, world.work.isOver { return "nothing" }
            world.report(event, ended)
            return "again \(event) of \(ended.attempt)"
        case 9:
            world.now = world.now + .seconds(Int.random(in: 0...90_000, using: &random))
            world.tell(world.work.fallDue(at: world.now, rules: world.rules, jitter: 0))
            return "time"
        case 10:
            guard Int.random(in: 0..<4, using: &random) == 0 else { return "nothing" }
            world.tell(world.work.cancel(by: "ann"))
            return "cancel"
        default:
            let delivered = Bool.random(using: &random)
            world.tell(world.work.resolve(delivered: delivered, by: "ann"))
            return "resolve \(delivered)"
        }
    }
}

/// SplitMix64: the same numbers every time.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
