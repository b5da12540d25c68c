import Foundation
import GRDB
import Mail
import Runtime
import Store
import Synchronization

/// What the scheduler knows: every mailing, delivery and claim, in its store file. Each function is one durable transaction, and the
/// facts that follow from it go to the outbox within it.
final class Ledger: Sendable {
    let store: StoreFile
    let time: TimeSource
    let rules: WorkRules
    /// Raised when a time was set at which something falls due before ``dueLoopWakesAt``.
    let dueChanged = Signal()
    /// When whoever waits for ``dueChanged`` looks again by itself.
    let dueLoopWakesAt = Mutex(Timestamp(microseconds: .max))
    /// Raised when more tickets may be issued.
    let ticketsNeeded = Signal()
    /// What waits and what is under way. Behind the store by moments only: what has become of a delivery is noted after the commit.
    let traffic: Mutex<Traffic>

    init(store: StoreFile, time: TimeSource, rules: WorkRules) {
        self.store = store
        self.time = time
        self.rules = rules
        traffic = Mutex(
            Traffic(destinations: rules.destinations, organizations: rules.organizations, at: time.now()))
    }

    /// Runs `body` in one transaction that ends with its facts in the outbox.
    func change<Value: Sendable>(_ body: @escaping @Sendable (inout Change) throws -> Value) async throws -> Value {
        let (value, due, moves, endedSessions) = try await store.write { [time] database in
            var change = Change(database: database, now: time.now())
            let value = try body(&change)
            try change.finish()
            return (value, change.earliestDue, change.moves, change.endedSessions)
        }
        if let due, dueLoopWakesAt.withLock({ due < $0 }) { dueChanged.raise() }
        if !moves.isEmpty || !endedSessions.isEmpty {
            traffic.withLock { traffic in
                for work in moves { traffic.note(work) }
                for session in endedSessions { traffic.end(session) }
            }
            ticketsNeeded.raise()
        }
        return value
    }

    /// The deliveries that are still under way, by state.
    func countUnderWay() async throws -> [DeliveryState: Int] {
        try await store.read { database in
            let counts = try Query(
                """
                SELECT 'pending', count(*) FROM deliveries WHERE state = 'pending'
                UNION ALL SELECT 'uncertain', count(*) FROM deliveries WHERE state = 'uncertain'
                UNION ALL SELECT state, count(*) FROM deliveries
                    WHERE state IN ('scheduled', 'sending', 'deferred') AND due_at IS NOT NULL GROUP BY state
                """, in: database
            ).all { (try $0.word(DeliveryState.self), try $0.number()) }
            return Dictionary(counts) { $1 }.filter { $0.value > 0 }
        }
    }

    /// Forgets what can no longer be repeated: ids of facts and idempotency keys of a week ago, sessions that ended 90 days ago.
    func forget() async throws {
        try await change { change in
            let week = change.now - .seconds(7 * 86_400)
            try Inbox.forget(before: week, in: change.database)
            try change.run("DELETE FROM idempotency_keys WHERE used_at < ?", [.time(week)])
            try change.run("DELETE FROM ended_sessions WHERE ended_at < ?", [.time(change.now - .seconds(90 * 86_400))])
        }
    }
}
