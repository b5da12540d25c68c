import Foundation
import GRDB
import Mail
import Store

extension History {
    /// The SQL of one page of the list: conditions along the index that fits, newest first.
    struct EmailQuery {
        let sql: String
        let arguments: StatementArguments

        init(_ filter: EmailFilter, of organization: String, cursor: Cursor?, limit: Int) {
            var conditions = ["m.organization = ?"]
            var arguments: StatementArguments = [organization]
            func require(_ condition: String, _ values: StatementArguments = []) {
                conditions.append(condition)
                arguments += values
            }
            let terms = SearchTerms(filter)
            // Full text is the narrowest way in; both tables share the key, and so the order.
            let source = terms.match == nil ? "mailings m" : "search CROSS JOIN mailings m ON m.number = search.rowid"
            let key = terms.match == nil ? "m.number" : "search.rowid"
            if let match = terms.match { require("search MATCH ?", [match]) }
            for part in terms.short {
                require(
                    "(m.subject LIKE ? ESCAPE '\\' OR m.name LIKE ? ESCAPE '\\' OR m.first_recipients LIKE ? ESCAPE '\\')",
                    [part, part, part])
            }
            if let cursor { require("\(key) < ?", [cursor.key]) }
            if let after = filter.after { require("\(key) >= ?", [SortKey.first(at: after)]) }
            if let before = filter.before { require("\(key) < ?", [SortKey.first(at: before)]) }
            if let kind = filter.kind { require("m.kind = ?", [kind]) }
            if let collection = filter.collection { require("m.collection = ?", [collection]) }
            if let status = filter.status { require(Self.condition(for: status)) }
            sql = """
                SELECT m.* FROM \(source) WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(key) DESC LIMIT ?
                """
            self.arguments = arguments + [limit]
        }

        /// Exactly the conditions of the partial indexes.
        private static func condition(for status: EmailStatus) -> String {
            switch status {
            case .state(let state): "m.\(state.rawValue) > 0"
            case .read: "m.read > 0"
            case .unread: "m.tracked = 1 AND m.delivered > 0 AND m.read = 0"
            case .clicked: "m.clicked > 0"
            case .unsubscribed: "m.unsubscribed > 0"
            case .untracked: "m.tracked = 0"
            }
        }
    }

    /// The newest mailings first.
    /// - Parameter limit: Clamped to 1...500.
    func emails(
        of organization: String, filter: EmailFilter = EmailFilter(), cursor: Cursor? = nil, limit: Int = 50
    ) async throws -> Page<EmailRow> {
        let limit = min(max(limit, 1), 500)
        let query = EmailQuery(filter, of: organization, cursor: cursor, limit: limit + 1)
        return try await store.read { database in
            let rows = try Row.fetchAll(database, sql: query.sql, arguments: query.arguments)
            let shown = rows.prefix(limit)
            let next = rows.count > limit ? shown.last.map { Cursor(key: $0["number"]) } : nil
            return Page(items: try shown.map(EmailRow.init), next: next)
        }
    }
}

/// What a filter's words mean to the full-text index, which knows every three characters that follow one another.
struct SearchTerms {
    /// FTS5's query, every word quoted; `nil` where no word is long enough for the index.
    let match: String?
    /// Patterns for words of one or two characters, which are looked for row by row.
    let short: [String]

    init(_ filter: EmailFilter) {
        let words = (filter.words ?? "").split(whereSeparator: \.isWhitespace).prefix(16).map { String($0.prefix(200)) }
        let recipient = filter.recipient.map { String($0.prefix(200)) }.flatMap { $0.isEmpty ? nil : $0 }
        func quoted(_ text: String) -> String { "\"\(text.replacing("\"", with: "\"\"").replacing("\0", with: ""))\"" }
        func isLong(_ text: String) -> Bool { text.unicodeScalars.count >= 3 }
        let phrases =
            words.filter(isLong).map(quoted) + [recipient].compactMap { $0 }.filter(isLong).map { "recipients : \(quoted($0))" }
        match = phrases.isEmpty ? nil : phrases.joined(separator: " AND ")
        short = (words + [recipient].compactMap { $0 }).filter { !isLong($0) }.map { word in
            "%\(word.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_"))%"
        }
    }
}

extension EmailRow {
    /// Reads a row of `mailings`.
    init(_ row: Row) throws {
        let address: String = row["sender"]
        let recipients: String = row["first_recipients"]
        var states: [DeliveryState: Int] = [:]
        for state in DeliveryState.allCases { states[state] = row[state.rawValue] }
        self.init(
            id: row["id"], kind: row["kind"], name: row["name"], subject: row["subject"], collection: row["collection"],
            from: Mailbox(address: try EmailAddress(address), name: row["sender_name"]),
            firstRecipients: try Wire.decode([RecipientName].self, from: Data(recipients.utf8)), recipients: row["recipients"],
            acceptedAt: row["accepted_at"], sendAt: row["send_at"], states: states, isTracked: row["tracked"],
            opens: Hits(all: row["opens"], people: row["opens_people"]),
            clicks: Hits(all: row["clicks"], people: row["clicks_people"]), read: row["read"],
            unsubscribed: row["unsubscribed"], changedAt: row["changed_at"])
    }
}
