import GRDB
import Mail
import Store

/// What became of every email: the questions that the console, the API and the reports ask. Reads only.
///
/// Each answer is about one organization; what belongs to another one does not exist for it.
struct History: Sendable {
    let store: StoreFile

    init(store: StoreFile) {
        self.store = store
    }

    /// The kinds of mailing that the organization has used, in alphabetical order, at most 200.
    func kinds(of organization: String) async throws -> [String] {
        try await store.read { database in
            try String.fetchAll(
                database, sql: "SELECT kind FROM kinds WHERE organization = ? ORDER BY kind LIMIT 200", arguments: [organization])
        }
    }

    /// Collections, those with the newest mail or reminder first.
    /// - Parameter limit: Clamped to 1...500.
    func collections(of organization: String, cursor: Cursor? = nil, limit: Int = 50) async throws -> Page<CollectionRow> {
        let limit = min(max(limit, 1), 500)
        return try await store.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT c.*,
                        (SELECT r.expires_on FROM reminders r WHERE r.organization = c.organization AND r.collection = c.id
                            AND r.state != 'withdrawn' ORDER BY r.due_at DESC LIMIT 1) AS expires_on,
                        (SELECT count(*) FROM reminders r WHERE r.organization = c.organization AND r.collection = c.id
                            AND r.state = 'planned') AS planned
                    FROM collections c WHERE c.organization = ? AND c.latest < ? ORDER BY c.latest DESC LIMIT ?
                    """, arguments: [organization, cursor?.key ?? .max, limit + 1])
            let shown = rows.prefix(limit)
            return Page(
                items: shown.map { row in
                    CollectionRow(
                        id: row["id"], mailings: row["mailings"], recipients: row["recipients"],
                        lastMailingAt: row["last_mailing_at"],
                        expiresOn: row["expires_on"], planned: row["planned"])
                }, next: rows.count > limit ? shown.last.map { Cursor(key: $0["latest"]) } : nil)
        }
    }

    /// Reminders by their due time, those still to come included, at most 500.
    func reminders(
        of organization: String, collection: String? = nil, from: Timestamp, until: Timestamp
    ) async throws -> [ReminderRow] {
        try await store.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM reminders WHERE organization = ? \(collection == nil ? "" : "AND collection = ?")
                    AND due_at >= ? AND due_at < ? ORDER BY due_at, id LIMIT 500
                    """,
                arguments: [organization] + (collection.map { [$0] } ?? []) + [from, until])
            return try rows.map { row in
                let id: ReminderID = row["id"]
                let mailings = try MailingID.fetchAll(
                    database.cachedStatement(sql: "SELECT mailing FROM issues WHERE reminder = ? ORDER BY mailing LIMIT 500"),
                    arguments: [id])
                return ReminderRow(
                    id: id, collection: row["collection"], expiresOn: row["expires_on"], daysBefore: row["days_before"],
                    dueAt: row["due_at"], state: ReminderRow.State(rawValue: row["state"]) ?? .planned, detail: row["detail"],
                    mailings: mailings)
            }
        }
    }
}
