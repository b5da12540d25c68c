import Foundation
import Logging
import Mail
import Runtime
import Store
import Support
import Testing

@testable import Scheduler

@Suite("The ledger")
struct LedgerTests {
    private let session = SessionID.fresh()

    @Test("takes a mailing on once, with the facts that follow")
    func acceptance() async throws {
        let test = try TestLedger()
        let mailing = try test.admit(try Samples.submission(to: ["ann@example.net", "bad@"]))
        guard case .accepted(let summary) = try await test.ledger.accept(mailing) else {
            Issue.record("not accepted")
            return
        }
        #expect(summary.deliveries.map(\.state) == [.pending, .failed])
        #expect(try await test.kinds() == ["mailing.accepted", "delivery.pending", "delivery.failed"])
        #expect(try await test.ledger.accept(mailing) == .repeated(summary))
        #expect(try await test.kinds().count == 3)
        #expect(try await test.ledger.summary(of: summary.id, for: "others") == nil)
    }

    @Test("does not give a mailing's id to a second organization")
    func takenID() async throws {
        let test = try TestLedger()
        let mailing = try test.admit(try Samples.submission())
        _ = try await test.ledger.accept(mailing)
        let theirs = try Admission(limits: AdmissionLimits(), zone: { _ in nil })
            .admit(try Samples.submission(), as: mailing.id, of: "others", at: test.time.now, freshDelivery: { .fresh() })
        #expect(try await test.ledger.accept(theirs) == .idTaken)
    }

    @Test("answers a repeated idempotency key with the same mailing, and refuses it for another; each organization has its own")
    func idempotency() async throws {
        let test = try TestLedger()
        let submission = try Samples.submission()
        guard case .accepted(let first) = try await test.ledger.accept(try test.admit(submission), key: "k") else {
            Issue.record("not accepted")
            return
        }
        #expect(try await test.ledger.accept(try test.admit(submission), key: "k") == .repeated(first))
        let other = try Samples.submission { $0.subject = "Another, {{name}}" }
        #expect(try await test.ledger.accept(try test.admit(other), key: "k") == .keyReused)
        #expect(try await test.count("mailings") == 1)
        let theirs = try Admission(limits: AdmissionLimits(), zone: { _ in nil })
            .admit(submission, as: .fresh(), of: "others", at: test.time.now, freshDelivery: { .fresh() })
        guard case .accepted = try await test.ledger.accept(theirs, key: "k") else {
            Issue.record("the other organization's key was taken")
            return
        }
        test.time.advance(by: .seconds(8 * 86_400))
        try await test.ledger.forget()
        #expect(try await test.count("idempotency_keys") == 0)
    }

    @Test("one of many that come at once with the same key is accepted")
    func idempotencyRace() async throws {
        let test = try TestLedger()
        let submission = try Samples.submission()
        let ids = try await withThrowingTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { () -> MailingID? in
                    switch try await test.ledger.accept(try test.admit(submission), key: "k") {
                    case .accepted(let summary), .repeated(let summary): summary.id
                    default: nil
                    }
                }
            }
            return try await group.reduce(into: Set<MailingID?>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(try await test.count("mailings") == 1)
    }

    @Test("hands out a job with all that the attempt needs")
    func job() async throws {
        let test = try TestLedger()
        let summary = try await test.submit { $0.audience = .direct }
        let delivery = try test.firstDelivery(summary)
        let answer = try await test.claim(delivery, by: session)
        let job = try #require(answer.jobs.first)
        #expect(answer.refusals.isEmpty)
        #expect((job.delivery, job.attempt, job.mailing, job.organization) == (delivery, 1, summary.id, "demo"))
        #expect((job.kind, job.audience, job.role) == ("invite", .direct, .to))
        #expect(job.recipient == Mailbox(address: try EmailAddress("ann@example.net"), name: "Ann"))
        #expect(job.variables == ["name": "Ann"])
        #expect(job.acceptedAt == Samples.now)
        let content = try #require(try await test.ledger.blob(job.content))
        #expect(ContentHash(of: content) == job.content)
        #expect(try Wire.decode(Content.self, from: content).to.map(\.address.description) == ["ann@example.net"])
        #expect(try await test.kinds().last == "attempt.started")
        #expect(try await test.claim(delivery, by: session) == answer)
        #expect(try await test.kinds().filter { $0 == "attempt.started" }.count == 1)
        #expect(try await test.claim(delivery, by: .fresh()).refusals.map(\.reason) == [.claimed])
        #expect(try await test.claim(.fresh(), by: session).refusals.map(\.reason) == [.unknown])
    }

    @Test("a cancellation and a claim that race have one winner, a thousand times")
    func races() async throws {
        let test = try TestLedger()
        var won = 0
        for round in 0..<1000 {
            let summary = try await test.submit()
            let delivery = try test.firstDelivery(summary)
            #expect(try await test.ledger.takeTickets(atMost: 1).tickets.count == 1)
            let session = session
            let (outcome, answer): (Ledger.Outcome?, ClaimAnswer)
            if round.isMultiple(of: 2) {
                async let cancelled = test.ledger.cancel(delivery, of: Samples.organization, by: "ann")
                async let claimed = test.claim(delivery, by: session)
                (outcome, answer) = try await (cancelled, claimed)
            } else {
                async let claimed = test.claim(delivery, by: session)
                async let cancelled = test.ledger.cancel(delivery, of: Samples.organization, by: "ann")
                (outcome, answer) = try await (cancelled, claimed)
            }
            let isCancelled = outcome?.isChanged == true
            #expect(isCancelled == answer.jobs.isEmpty, "round \(round)")
            #expect(try await test.states(summary.id) == [isCancelled ? .cancelled : .sending])
            if isCancelled { won += 1 }
        }
        let kinds = try await test.kinds()
        #expect(kinds.filter { $0 == "delivery.cancelled" }.count == won)
        #expect(kinds.filter { $0 == "attempt.started" }.count == 1000 - won)
        #expect((1...999).contains(won), "a race that one side always wins is none")
    }

    @Test("many senders that claim the same get it once")
    func claimRaces() async throws {
        let test = try TestLedger()
        let summary = try await test.submit(to: (0..<100).map { "r\($0)@example.net" })
        let tickets = summary.deliveries.map { Ticket(delivery: $0.id, attempt: 1) }
        let jobs = try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    try await test.ledger.claim([ClaimRequest(session: .fresh(), slots: 1000, tickets: tickets.shuffled())])
                        .flatMap(\.jobs)
                }
            }
            return try await group.reduce(into: [Job]()) { $0 += $1 }
        }
        #expect(jobs.count == 100)
        #expect(Set(jobs.map(\.delivery)).count == 100)
    }

    @Test("cancels what can be cancelled of a mailing and says what cannot")
    func cancelMailing() async throws {
        let test = try TestLedger()
        let summary = try await test.submit(to: ["ann@example.net", "bob@example.net", "bad@"])
        _ = try await test.claim(try test.firstDelivery(summary), by: session)
        let outcome = try #require(try await test.ledger.cancel(summary.id, of: Samples.organization, by: "ann"))
        #expect(outcome.cancelled == [summary.deliveries[1].id])
        #expect(outcome.summary.deliveries.map(\.state) == [.sending, .cancelled, .failed])
        #expect(try await test.ledger.cancel(summary.id, of: "others", by: nil) == nil)
        let again = try #require(try await test.ledger.cancel(summary.id, of: Samples.organization, by: "ann"))
        #expect(again.cancelled.isEmpty)
    }

    @Test("counts a repeated report once")
    func repeatedReport() async throws {
        let test = try TestLedger()
        let summary = try await test.submit()
        let delivery = try test.firstDelivery(summary)
        _ = try await test.claim(delivery, by: session)
        let id = FactID.fresh()
        for _ in 0..<3 { try await test.report(.attemptAbandoned(test.ended(delivery, session: session)), id: id) }
        #expect(try await test.kinds().filter { $0 == "delivery.pending" }.count == 2)
        #expect(try await test.claim(delivery, attempt: 2, by: session).jobs.count == 1)
        try await test.report(.attemptAbandoned(test.ended(delivery, attempt: 2, session: session)), id: id)
        #expect(try await test.states(summary.id) == [.sending])
    }

    @Test("gives back what a session had claimed when it ends, once, and grants it nothing more")
    func sessionEnd() async throws {
        let test = try TestLedger()
        let summary = try await test.submit(to: ["ann@example.net", "bob@example.net", "cy@example.net"])
        for entry in summary.deliveries.prefix(2) { _ = try await test.claim(entry.id, by: session) }
        _ = try await test.claim(summary.deliveries[2].id, by: .fresh())
        try await test.report(.attemptDelivered(test.ended(summary.deliveries[0].id, session: session)))
        try await test.report(.sessionEnded(SessionEnded(session: session)))
        try await test.report(.sessionEnded(SessionEnded(session: session)))
        #expect(try await test.states(summary.id) == [.delivered, .pending, .sending])
        #expect(try await test.kinds().filter { $0 == "attempt.abandoned" }.count == 1)
        let refusals = try await test.claim(summary.deliveries[1].id, attempt: 2, by: session).refusals
        #expect(refusals.map(\.reason) == [.sessionEnded])
        #expect(try await test.claim(summary.deliveries[1].id, attempt: 2, by: .fresh()).jobs.count == 1)
    }

    @Test("keeps attachments until the last delivery that needs them is over", arguments: ["delivered", "cancelled", "bounced"])
    func attachments(end: String) async throws {
        let test = try TestLedger()
        let hash = ContentHash(of: Samples.attachment.content)
        let first = try await test.submit(to: ["ann@example.net", "bob@example.net"]) { $0.attachments = [Samples.attachment] }
        let second = try await test.submit { $0.attachments = [Samples.attachment, Samples.attachment] }
        #expect(try await test.count("blobs") == 1)
        for entry in first.deliveries + second.deliveries {
            #expect(try await test.ledger.blob(hash) == Samples.attachment.content)
            if end == "cancelled" {
                _ = try await test.ledger.cancel(entry.id, of: Samples.organization, by: nil)
                continue
            }
            _ = try await test.claim(entry.id, by: session)
            try await test.report(.attemptDeferred(test.ended(entry.id, session: session)))
            test.time.advance(by: .seconds(3600))
            _ = try await test.ledger.advanceDue(atMost: 10)
            #expect(try await test.ledger.blob(hash) != nil)
            _ = try await test.claim(entry.id, attempt: 2, by: session)
            let ended = test.ended(entry.id, attempt: 2, session: session)
            try await test.report(end == "delivered" ? .attemptDelivered(ended) : .attemptBounced(ended))
        }
        #expect(try await test.ledger.blob(hash) == nil)
        #expect(try await test.count("mailing_blobs") == 0)
    }

    @Test("keeps no attachment of a mailing that nobody can get")
    func attachmentsOfNobody() async throws {
        let test = try TestLedger()
        try await test.submit(to: ["bad@"]) { $0.attachments = [Samples.attachment] }
        #expect(try await test.count("blobs") == 0)
    }

    @Test("holds an uncertain delivery until it is resolved", arguments: [true, false])
    func resolution(arrived: Bool) async throws {
        let test = try TestLedger()
        let summary = try await test.submit { $0.whenUncertain = .hold }
        let delivery = try test.firstDelivery(summary)
        _ = try await test.claim(delivery, by: session)
        try await test.report(.attemptUncertain(test.ended(delivery, session: session)))
        #expect(try await test.states(summary.id) == [.uncertain])
        #expect(try await test.ledger.resolve(delivery, of: "others", delivered: true, by: nil) == nil)
        let outcome = try await test.ledger.resolve(delivery, of: Samples.organization, delivered: arrived, by: "ann")
        #expect(outcome == .init(state: arrived ? .delivered : .pending, isChanged: true))
        let again = try await test.ledger.resolve(delivery, of: Samples.organization, delivered: arrived, by: "ann")
        #expect(again?.isChanged == false)
    }

    @Test("a sender's word that a message cannot be made ends the delivery, and is not told again")
    func uncomposable() async throws {
        let test = try TestLedger()
        let summary = try await test.submit { $0.attachments = [Samples.attachment] }
        let delivery = try test.firstDelivery(summary)
        _ = try await test.claim(delivery, by: session)
        let told = try await test.kinds()
        let failed = DeliveryFailed(delivery: delivery, mailing: summary.id, reason: .unreadableContent, detail: "x")
        for _ in 0..<2 { try await test.report(.deliveryFailed(failed)) }
        #expect(try await test.states(summary.id) == [.failed])
        #expect(try await test.kinds() == told)
        #expect(try await test.count("blobs") == 0)
        #expect(try await test.claim(delivery, by: .fresh()).refusals.map(\.reason) == [.finished])
    }

    @Test("passes over reports about what it does not know")
    func unknown() async throws {
        let test = try TestLedger()
        try await test.report(.attemptDelivered(test.ended(.fresh(), session: session)))
        #expect(try await test.kinds().isEmpty)
    }

    @Test("keeps all its promises over a restart")
    func restart() async throws {
        let test = try TestLedger()
        let summary = try await test.submit()
        let delivery = try test.firstDelivery(summary)
        let answer = try await test.claim(delivery, by: session)
        try test.ledger.store.close()
        // The lock goes with the last reference to the first, so the file is copied as a restore would.
        let copy = try TemporaryFolder()
        for name in try FileManager.default.contentsOfDirectory(atPath: test.folder.path) where !name.contains("lock") {
            try FileManager.default.copyItem(at: test.folder.url.appending(path: name), to: copy.url.appending(path: name))
        }
        let store = try StoreFile.open(
            in: copy.url, name: "scheduler", migrations: Schema.migrations, logger: Logger(label: "test"))
        let ledger = Ledger(store: store, time: test.time.source, rules: WorkRules())
        let request = ClaimRequest(session: session, slots: 1000, tickets: [Ticket(delivery: delivery, attempt: 1)])
        #expect(try await ledger.claim([request]) == [answer])
    }

    @Test("a second scheduler on the same folder is refused")
    func secondScheduler() throws {
        let test = try TestLedger()
        #expect(throws: StoreError.self) {
            try StoreFile.open(in: test.folder.url, name: "scheduler", migrations: Schema.migrations, logger: Logger(label: "test"))
        }
    }
}
