import Logging
import Mail
import Runtime
import ServiceLifecycle
import Support
import Testing

@testable import Scheduler

@Suite("The due loop")
struct DueLoopTests {
    private let session = SessionID.fresh()

    /// Runs the loop beside `body`.
    private func whileRunning(_ test: TestLedger, _ body: () async throws -> Void) async throws {
        let loop = DueLoop(ledger: test.ledger, logger: Logger(label: "test"))
        try await withThrowingTaskGroup { group in
            group.addTask { try await loop.run() }
            try await body()
            group.cancelAll()
        }
    }

    @Test("sends exactly when it is due, not a moment before, and sleeps in between")
    func exactly() async throws {
        let test = try TestLedger()
        let summary = try await test.submit { $0.sendAt = "2026-12-01T08:00:45Z" }
        #expect(try await test.kinds() == ["mailing.accepted", "delivery.scheduled"])
        try await whileRunning(test) {
            try await eventually("the loop sleeps") { test.time.sleepers == 1 }
            test.time.advance(by: .milliseconds(44_999))
            #expect(test.time.sleepers == 1)
            #expect(try await test.states(summary.id) == [.scheduled])
            test.time.advance(by: .milliseconds(1))
            try await eventually("it is pending") { try await test.states(summary.id) == [.pending] }
        }
        #expect(try await test.kinds().last == "delivery.pending")
    }

    @Test("wakes for what is submitted while it sleeps and falls due sooner")
    func sooner() async throws {
        let test = try TestLedger()
        let later = try await test.submit { $0.sendAt = "2026-12-01T08:00:50Z" }
        try await whileRunning(test) {
            try await eventually("the loop sleeps") { test.time.sleepers == 1 }
            let sooner = try await test.submit { $0.sendAt = "2026-12-01T08:00:10Z" }
            try await eventually("the sooner one is pending") {
                if test.time.now < Samples.now + .seconds(40) { test.time.advance(by: .seconds(1)) }
                return try await test.states(sooner.id) == [.pending]
            }
            #expect(try await test.states(later.id) == [.scheduled])
        }
    }

    @Test("notices within a minute that the clock was put forward")
    func clockStep() async throws {
        let test = try TestLedger()
        let summary = try await test.submit { $0.sendAt = "2026-12-01T12:00:00Z" }
        try await whileRunning(test) {
            try await eventually("the loop sleeps") { test.time.sleepers == 1 }
            test.time.advance(by: .seconds(4 * 3600))
            try await eventually("it is pending") { try await test.states(summary.id) == [.pending] }
        }
    }

    @Test("gets through many that fall due at once in batches, while claims go on")
    func many() async throws {
        let test = try TestLedger()
        for number in 0..<20 {
            try await test.submit(to: (0..<150).map { "r\(number)-\($0)@example.net" }) { $0.sendAt = "2026-12-01T09:00:00Z" }
        }
        let other = try await test.submit()
        test.time.advance(by: .seconds(3600))
        try await whileRunning(test) {
            #expect(try await test.claim(try test.firstDelivery(other), by: session).jobs.count == 1)
            try await eventually(within: .seconds(30), "all are pending") {
                try await test.ledger.countUnderWay()[.pending] == 3000
            }
        }
        #expect(try await test.ledger.countUnderWay() == [.pending: 3000, .sending: 1])
        #expect(try await test.kinds().filter { $0 == "delivery.pending" }.count == 3001)
    }

    @Test("a delivery that is always deferred is tried for 72 hours and then bounces as expired, to the second")
    func expiry() async throws {
        let test = try TestLedger()
        let summary = try await test.submit()
        let delivery = try test.firstDelivery(summary)
        let end = test.time.now + .seconds(72 * 3600)
        var attempt = 0
        while true {
            attempt += 1
            #expect(try await test.claim(delivery, attempt: attempt, by: session).jobs.count == 1)
            try await test.report(.attemptDeferred(test.ended(delivery, attempt: attempt, session: session)))
            #expect(try await test.states(summary.id) == [.deferred])
            let due = try #require(try await test.ledger.nextDue())
            test.time.advance(to: due - .microseconds(1))
            #expect(try await test.ledger.advanceDue(atMost: 10) == 0)
            test.time.advance(to: due)
            #expect(try await test.ledger.advanceDue(atMost: 10) == 1)
            if try await test.states(summary.id) == [.bounced] { break }
            #expect(due < end)
        }
        #expect(test.time.now == end)
        #expect(try await test.kinds().last == "delivery.expired")
    }

    @Test("a delivery that ends its sender every time is tried ever more rarely, and fails in the end")
    func crashing() async throws {
        let test = try TestLedger()
        let summary = try await test.submit()
        let delivery = try test.firstDelivery(summary)
        var attempt = 0
        repeat {
            attempt += 1
            let sender = SessionID.fresh()
            #expect(try await test.claim(delivery, attempt: attempt, by: sender).jobs.count == 1)
            try await test.report(.sessionEnded(SessionEnded(session: sender)))
            if let due = try await test.ledger.nextDue() {
                #expect(try await test.states(summary.id) == [.deferred])
                test.time.advance(to: due)
                #expect(try await test.ledger.advanceDue(atMost: 10) == 1)
            }
        } while try await test.states(summary.id) == [.pending] && attempt < 50
        #expect(attempt == 10)
        #expect(try await test.states(summary.id) == [.failed])
        #expect(Array(try await test.kinds().suffix(2)) == ["attempt.abandoned", "delivery.failed"])
        #expect(test.time.now >= Samples.now + .seconds(50 * 60))
    }

    @Test("declares a contested claim uncertain after the grace period and sends again")
    func contested() async throws {
        let test = try TestLedger()
        let summary = try await test.submit()
        let delivery = try test.firstDelivery(summary)
        _ = try await test.claim(delivery, by: session)
        #expect(try await test.claim(delivery, by: .fresh()).refusals.map(\.reason) == [.claimed])
        test.time.advance(by: .seconds(899))
        #expect(try await test.ledger.advanceDue(atMost: 10) == 0)
        test.time.advance(by: .seconds(1))
        #expect(try await test.ledger.advanceDue(atMost: 10) == 1)
        #expect(Array(try await test.kinds().suffix(2)) == ["attempt.uncertain", "delivery.pending"])
        try await test.report(.attemptDelivered(test.ended(delivery, session: session)))
        #expect(try await test.states(summary.id) == [.delivered])
        #expect(try await test.claim(delivery, attempt: 2, by: .fresh()).refusals.map(\.reason) == [.finished])
    }
}
