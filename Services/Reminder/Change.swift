import Broker
import Foundation
import GRDB
import Mail
import Store

/// One transaction of the agenda: what it writes, and what it tells once it is written.
struct Change {
    let database: Database
    let now: Timestamp
    private(set) var kinds: [Plan.Change.Kind] = []
    private var facts: [Fact] = []
    private var random = SystemRandomNumberGenerator()

    init(database: Database, now: Timestamp) {
        self.database = database
        self.now = now
    }

    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    func rows(_ sql: String, _ arguments: StatementArguments) throws -> [Row] {
        try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
    }

    func collection(_ id: String, of organization: String) throws -> Agenda.Collection? {
        try rows("SELECT * FROM collections WHERE organization = ? AND id = ?", [organization, id]).first
            .map { try Agenda.Collection(row: $0) }
    }

    /// Brings the reminders of a collection to what is wanted.
    mutating func plan(
        _ wanted: [Occurrence], of collection: String, in organization: String, gone: (Reminder) -> String
    ) throws {
        let existing = try rows(
            "SELECT \(Reminder.columns) FROM reminders WHERE organization = ? AND collection = ?", [organization, collection]
        ).map { try Reminder(row: $0) }
        for change in Plan.changes(from: existing, to: wanted, at: now, gone: gone) {
            try apply(change)
            tell(change.fact, of: organization)
        }
    }

    /// Writes a reminder's new state and notes it for the figures.
    mutating func apply(_ change: Plan.Change) throws {
        let occurrence = change.reminder.occurrence
        try run(
            """
            INSERT INTO reminders (id, organization, collection, expires_on, days_before, due_at, state, detail, changed_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at, state = excluded.state, detail = excluded.detail,
                changed_at = excluded.changed_at
            """,
            [
                occurrence.id, occurrence.organization, occurrence.collection, occurrence.expiresOn, occurrence.daysBefore,
                occurrence.dueAt, change.reminder.state.rawValue, change.reminder.detail, now,
            ])
        kinds.append(change.kind)
    }

    /// - Parameter id: For what may be told again: the same fact.
    mutating func tell(_ body: Fact.Body, of organization: String, as id: FactID? = nil) {
        facts.append(
            Fact(id: id ?? .v7(at: now, random: &random), organization: organization, occurredAt: now, body: body))
    }

    /// Puts the facts into the outbox.
    func finish() throws {
        if !facts.isEmpty { try Outbox.put(facts, in: database) }
    }
}

extension Reminder {
    static let columns = "id, organization, collection, expires_on, days_before, due_at, state, detail"

    init(row: Row) throws {
        occurrence = Occurrence(
            organization: row["organization"], collection: row["collection"], expiresOn: row["expires_on"],
            daysBefore: row["days_before"], dueAt: row["due_at"])
        guard let state = State(rawValue: row["state"]) else {
            throw Wire.Unreadable("The reminder \(occurrence.id) is in no state that is known.")
        }
        self.state = state
        detail = row["detail"]
    }
}
