import GRDB
import Mail
import Store

extension Agenda {
    func collection(_ id: String, of organization: String) async throws -> Collection? {
        try await store.read { database in
            try Row.fetchOne(
                database, sql: "SELECT * FROM collections WHERE organization = ? AND id = ?", arguments: [organization, id]
            ).map { try Collection(row: $0) }
        }
    }

    /// The collections of an organization in the order of their ids, after one of them.
    func collections(of organization: String, after id: String, atMost limit: Int) async throws -> [Collection] {
        try await store.read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM collections WHERE organization = ? AND id > ? ORDER BY id LIMIT ?",
                arguments: [organization, id, limit]
            ).map { try Collection(row: $0) }
        }
    }

    /// A reminder with the mailings that it became.
    struct Entry: Encodable, Sendable {
        let id: ReminderID
        let collection: String
        let expiresOn: String
        let daysBefore: Int
        let dueAt: Timestamp
        let state: Reminder.State
        let detail: String?
        let mailings: [Issue]

        struct Issue: Encodable, Sendable {
            let id: MailingID
            let recipient: String
            let problem: String?
        }
    }

    /// All reminders of a collection, past and to come, by their times.
    func reminders(of collection: String, in organization: String) async throws -> [Entry] {
        try await store.read { database in
            try Self.entries(
                "organization = ? AND collection = ? ORDER BY due_at, id", [organization, collection], in: database)
        }
    }

    /// The reminders of an organization that wait for their time, the next first, after one of them.
    func upcoming(of organization: String, after: (dueAt: Timestamp, id: ReminderID)?, atMost limit: Int) async throws -> [Entry] {
        let start = after ?? (Timestamp(microseconds: .min), ReminderID(high: 0, low: 0))
        return try await store.read { database in
            try Self.entries(
                "organization = ? AND state = 'planned' AND (due_at, id) > (?, ?) ORDER BY due_at, id LIMIT ?",
                [organization, start.0, start.1, limit], in: database)
        }
    }

    /// How many reminders wait.
    func countPlanned() async throws -> Int {
        try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM reminders WHERE state = 'planned'") ?? 0 }
    }

    private static func entries(_ condition: String, _ arguments: StatementArguments, in database: Database) throws -> [Entry] {
        try Row.fetchAll(database, sql: "SELECT \(Reminder.columns) FROM reminders WHERE \(condition)", arguments: arguments)
            .map { row in
                let reminder = try Reminder(row: row)
                let id: ReminderID = row["id"]
                let issues = try Row.fetchAll(
                    database.cachedStatement(
                        sql: "SELECT mailing, recipient, problem FROM issues WHERE reminder = ? ORDER BY recipient"),
                    arguments: [id]
                ).map { Entry.Issue(id: $0["mailing"], recipient: $0["recipient"], problem: $0["problem"]) }
                return Entry(
                    id: id, collection: reminder.occurrence.collection, expiresOn: reminder.occurrence.expiresOn,
                    daysBefore: reminder.occurrence.daysBefore, dueAt: reminder.occurrence.dueAt, state: reminder.state,
                    detail: reminder.detail, mailings: issues)
            }
    }
}
