import GRDB
import Mail
import Store

extension History {
    /// Whether anything is wrong, and how it is going.
    func overview(of organization: String, now: Timestamp) async throws -> Overview {
        let latest = try await emails(of: organization, limit: 10).items
        return try await store.read { database in
            let weekAgo = now - .seconds(7 * 86_400)
            let failures = try Self.failures(of: organization, since: weekAgo, in: database)
            let days = try Self.days(of: organization, until: now, in: database)
            return Overview(
                failures: failures.shown, failureCount: failures.count,
                refusals: try Self.refusals(of: organization, since: weekAgo, in: database),
                periods: [1, 7, 30, 90].map { Overview.Period(days: $0, figures: .sum(of: days.suffix($0).map(\.figures))) },
                days: days, latest: latest)
        }
    }

    private static let failureCondition = "d.organization = ? AND \(Schema.failed) AND d.changed_at >= ?"

    private static func failures(
        of organization: String, since: Timestamp, in database: Database
    ) throws -> (shown: [Overview.Failure], count: Int) {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT d.*, m.id AS mailing_id, m.subject FROM deliveries d JOIN mailings m ON m.number = d.mailing
                WHERE \(failureCondition) ORDER BY d.changed_at DESC LIMIT 20
                """, arguments: [organization, since])
        let count = try Int.fetchOne(
            database, sql: "SELECT count(*) FROM deliveries d WHERE \(failureCondition)", arguments: [organization, since])
        return (rows.map { Overview.Failure(delivery: DeliveryRow($0), subject: $0["subject"]) }, count ?? 0)
    }

    private static func refusals(
        of organization: String, since: Timestamp, in database: Database
    ) throws -> [Overview.Refusal] {
        let bodies = try String.fetchAll(
            database,
            sql: """
                SELECT body FROM facts WHERE organization = ? AND kind = 'mailing.refused' AND occurred_at >= ?
                ORDER BY occurred_at DESC LIMIT 20
                """, arguments: [organization, since])
        return try bodies.compactMap { body in
            let fact = try FactLog.decode(body)
            guard case .mailingRefused(let refused) = fact.body else { return nil }
            return Overview.Refusal(mailing: refused.mailing, at: fact.occurredAt, problems: refused.problems)
        }
    }

    private static func days(of organization: String, until now: Timestamp, in database: Database) throws -> [Overview.Day] {
        let today = now.dayNumber
        let rows = try Row.fetchAll(
            database, sql: "SELECT * FROM days WHERE organization = ? AND day BETWEEN ? AND ?",
            arguments: [organization, today - 89, today])
        var figures: [Int64: Overview.Figures] = [:]
        for row in rows { figures[row["day"]] = Overview.Figures(row) }
        return (today - 89...today).map { day in
            Overview.Day(date: CivilDate(dayNumber: day), figures: figures[day] ?? .sum(of: []))
        }
    }
}

extension Overview.Figures {
    init(_ row: Row) {
        var states: [DeliveryState: Int] = [:]
        for state in DeliveryState.allCases { states[state] = row[state.rawValue] }
        self.init(mailings: row["mailings"], states: states, read: row["read"], clicked: row["clicked"])
    }

    static func sum(of parts: [Overview.Figures]) -> Overview.Figures {
        var states: [DeliveryState: Int] = [:]
        for state in DeliveryState.allCases { states[state] = parts.reduce(0) { $0 + ($1.states[state] ?? 0) } }
        return Overview.Figures(
            mailings: parts.reduce(0) { $0 + $1.mailings }, states: states, read: parts.reduce(0) { $0 + $1.read },
            clicked: parts.reduce(0) { $0 + $1.clicked })
    }
}
