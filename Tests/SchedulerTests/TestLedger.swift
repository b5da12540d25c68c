import Foundation
import GRDB
import Logging
import Mail
import Runtime
import Store
import Support

@testable import Scheduler

/// A ledger over a real file in a folder of its own, under a clock that the test moves.
struct TestLedger {
    let folder: TemporaryFolder
    let time: ManualTime
    let ledger: Ledger

    init(_ now: Timestamp = Samples.now, rules: WorkRules = WorkRules()) throws {
        folder = try TemporaryFolder()
        time = ManualTime(now)
        let store = try StoreFile.open(
            in: folder.url, name: "scheduler", migrations: Schema.migrations, logger: Logger(label: "test"))
        ledger = Ledger(store: store, time: time.source, rules: rules)
    }

    func admit(_ submission: Submission) throws -> AdmittedMailing { try Samples.admit(submission, at: time.now) }

    /// Takes a mailing on.
    @discardableResult
    func submit(
        to addresses: [String] = ["ann@example.net"], _ change: (inout Submission) -> Void = { _ in }
    ) async throws -> MailingSummary {
        switch try await ledger.accept(try admit(try Samples.submission(to: addresses, change))) {
        case .accepted(let summary): return summary
        case let other: throw Trouble("not accepted: \(other)")
        }
    }

    func claim(_ delivery: DeliveryID, attempt: Int = 1, by session: SessionID) async throws -> ClaimAnswer {
        let request = ClaimRequest(session: session, slots: 1000, tickets: [Ticket(delivery: delivery, attempt: attempt)])
        let answers = try await ledger.claim([request])
        guard let answer = answers.first, answers.count == 1 else { throw Trouble("\(answers.count) answers to one claim") }
        return answer
    }

    func report(_ body: Fact.Body, id: FactID = .fresh()) async throws {
        try await ledger.learn([Fact(id: id, organization: Samples.organization, occurredAt: time.now, body: body)])
    }

    func ended(_ delivery: DeliveryID, attempt: Int = 1, session: SessionID) -> AttemptEnded {
        AttemptEnded(delivery: delivery, mailing: .fresh(), attempt: attempt, session: session)
    }

    func states(_ mailing: MailingID) async throws -> [DeliveryState] {
        try await ledger.summary(of: mailing, for: Samples.organization)?.deliveries.map(\.state) ?? []
    }

    /// The kinds of facts in the outbox, in order.
    func kinds() async throws -> [String] {
        try await ledger.store.read { try waitingFacts(in: $0).map(\.kind.rawValue) }
    }

    func count(_ table: String) async throws -> Int {
        try await ledger.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }

    func firstDelivery(_ summary: MailingSummary) throws -> DeliveryID {
        guard let first = summary.deliveries.first else { throw Trouble("a mailing without deliveries") }
        return first.id
    }
}
