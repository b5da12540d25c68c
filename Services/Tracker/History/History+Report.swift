import GRDB
import Mail
import Store

extension History {
    /// A page of the list with every delivery: for a filter by status or recipient only those deliveries that fit it.
    func report(
        of organization: String, filter: EmailFilter, cursor: Cursor?, limit: Int
    ) async throws -> Page<(email: EmailRow, deliveries: [DeliveryRow])> {
        let page = try await emails(of: organization, filter: filter, cursor: cursor, limit: limit)
        let deliveries = try await store.read { database in
            try page.items.map { email in
                try Row.fetchAll(
                    database.cachedStatement(
                        sql: """
                            SELECT d.*, m.id AS mailing_id FROM mailings m JOIN deliveries d ON d.mailing = m.number
                            WHERE m.id = ? ORDER BY d.position
                            """), arguments: [email.id]
                ).map(DeliveryRow.init)
            }
        }
        return Page(
            items: zip(page.items, deliveries).map { email, deliveries in
                (email, deliveries.filter { Self.fits($0, of: email, filter) })
            }, next: page.next)
    }

    private static func fits(_ delivery: DeliveryRow, of email: EmailRow, _ filter: EmailFilter) -> Bool {
        if let recipient = filter.recipient?.lowercased(),
            ![delivery.address, delivery.name ?? ""].contains(where: { $0.lowercased().contains(recipient) })
        {
            return false
        }
        switch filter.status {
        case nil, .untracked: return true
        case .state(let state): return delivery.state == state
        case .read: return delivery.isRead
        case .unread: return delivery.state == .delivered && !delivery.isRead
        case .clicked: return delivery.clicks.people > 0
        case .unsubscribed: return delivery.unsubscribedAt != nil
        }
    }

    /// A fact in the order of recording, as live listeners hear of it.
    struct Numbered: Sendable {
        let number: Int64
        let news: News

        struct News: Encodable, Sendable {
            let kind: String
            let mailing: MailingID?
            let delivery: DeliveryID?
            let occurredAt: Timestamp
        }
    }

    /// The number of the newest fact of all, 0 where there is none.
    func newestFact() async throws -> Int64 {
        try await store.read { database in try Int64.fetchOne(database, sql: "SELECT max(number) FROM facts") ?? 0 }
    }

    /// What was recorded after the fact `number` up to the fact `last`, in order. Looks at the facts of all organizations in between.
    func facts(of organization: String, after number: Int64, through last: Int64, limit: Int) async throws -> [Numbered] {
        try await store.read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT f.number, f.kind, coalesce(f.mailing, m.id) AS mailing, f.delivery, f.occurred_at
                        FROM facts f LEFT JOIN deliveries d ON d.id = f.delivery LEFT JOIN mailings m ON m.number = d.mailing
                        WHERE f.organization = ? AND f.number > ? AND f.number <= ? ORDER BY f.number LIMIT ?
                        """), arguments: [organization, number, last, limit]
            ).map { row in
                Numbered(
                    number: row["number"],
                    news: .init(
                        kind: row["kind"], mailing: row["mailing"], delivery: row["delivery"], occurredAt: row["occurred_at"]))
            }
        }
    }
}
