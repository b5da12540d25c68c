import Foundation
import GRDB
import Mail
import Store

extension History {
    /// One mailing, or `nil` where the organization has none by this id.
    func mailing(_ id: MailingID, of organization: String) async throws -> EmailDetail? {
        try await store.read { database in
            guard let row = try Self.mailing("id = ?", id, of: organization, in: database),
                case .mailingAccepted(let accepted)? = try FactLog.fact(row["fact"], in: database)?.body
            else { return nil }
            let number: Int64 = row["number"]
            let deliveries = try Row.fetchAll(
                database, sql: "SELECT d.*, ? AS mailing_id FROM deliveries d WHERE d.mailing = ? ORDER BY d.position",
                arguments: [id, number])
            let links = try Row.fetchAll(
                database,
                sql: "SELECT target, clicks, clicks_people FROM links WHERE mailing = ? ORDER BY clicks DESC, target LIMIT 500",
                arguments: [number])
            return EmailDetail(
                row: try EmailRow(row), audience: accepted.audience, whenUncertain: accepted.whenUncertain,
                content: accepted.content,
                deliveries: deliveries.map(DeliveryRow.init),
                links: links.map { LinkRow(target: $0[0], clicks: Hits(all: $0[1], people: $0[2])) })
        }
    }

    /// Everything that happened to one delivery.
    func timeline(of delivery: DeliveryID, organization: String) async throws -> DeliveryTimeline? {
        try await store.read { database in
            guard let row = try Self.delivery(delivery, of: organization, in: database),
                let mailing = try Self.mailing("number = ?", row["mailing"] as Int64, of: organization, in: database),
                let accepted = try FactLog.fact(mailing["fact"], in: database)
            else { return nil }
            let order = try FactLog.order(ofSteps: delivery, organization: organization, in: database)
            let steps = try order.suffix(Self.stepsShown).compactMap { try FactLog.fact($0, in: database) }
            let hits = try FactLog.hits(of: delivery, organization: organization, limit: Self.hitsShown, in: database)
            let counted: Int = (row["views"] as Int) + (row["clicks"] as Int)
            return DeliveryTimeline(
                delivery: DeliveryRow(row), email: try EmailRow(mailing),
                entries: ([accepted] + Self.merge(steps, hits)).map(TimelineEntry.init), hitsLeftOut: max(0, counted - hits.count),
                stepsLeftOut: order.count - steps.count)
        }
    }

    private static let hitsShown = 1000
    private static let stepsShown = 300

    /// What the log of a delivery is made from; `nil` where the organization has none by this id.
    func log(of delivery: DeliveryID, organization: String) async throws -> DeliveryLog? {
        try await store.read { database in
            guard let row = try Self.delivery(delivery, of: organization, in: database),
                let mailing = try Self.mailing("number = ?", row["mailing"] as Int64, of: organization, in: database)
            else { return nil }
            return DeliveryLog(
                delivery: DeliveryRow(row), email: try EmailRow(mailing),
                steps: try FactLog.order(ofSteps: delivery, organization: organization, in: database))
        }
    }

    /// Facts by their numbers, in that order.
    func facts(numbered numbers: [Int64]) async throws -> [Fact] {
        try await store.read { database in try numbers.compactMap { try FactLog.fact($0, in: database) } }
    }

    /// The letter: as submitted, or filled in for one delivery of the mailing.
    func body(of mailing: MailingID, delivery: DeliveryID? = nil, organization: String) async throws -> EmailBody? {
        let accepted: MailingAccepted? = try await store.read { database in
            guard let row = try Self.mailing("id = ?", mailing, of: organization, in: database),
                case .mailingAccepted(let accepted)? = try FactLog.fact(row["fact"], in: database)?.body
            else { return nil }
            return accepted
        }
        guard let accepted else { return nil }
        guard let delivery else { return EmailBody(accepted.content, variables: nil) }
        guard let recipient = accepted.recipients.first(where: { $0.delivery == delivery }) else { return nil }
        return EmailBody(accepted.content, variables: recipient.variables ?? [:])
    }

    private static func mailing(
        _ condition: String, _ value: some DatabaseValueConvertible, of organization: String, in database: Database
    ) throws -> Row? {
        try Row.fetchOne(
            database, sql: "SELECT * FROM mailings WHERE \(condition) AND organization = ?", arguments: [value, organization])
    }

    private static func delivery(_ id: DeliveryID, of organization: String, in database: Database) throws -> Row? {
        try Row.fetchOne(
            database,
            sql: """
                SELECT d.*, m.id AS mailing_id FROM deliveries d JOIN mailings m ON m.number = d.mailing
                WHERE d.id = ? AND d.organization = ?
                """, arguments: [id, organization])
    }

    /// Puts each hit before the first step that happened later.
    private static func merge(_ steps: [Fact], _ hits: [Fact]) -> [Fact] {
        var merged: [Fact] = []
        var hits = hits[...]
        for step in steps {
            while let hit = hits.first, hit.occurredAt < step.occurredAt {
                merged.append(hit)
                hits.removeFirst()
            }
            merged.append(step)
        }
        return merged + hits
    }
}

extension TimelineEntry {
    init(_ fact: Fact) {
        self.fact = fact
        switch fact.body {
        case .messageOpened(let opened): client = ClientIdentity(userAgent: opened.userAgent)
        case .linkClicked(let clicked): client = ClientIdentity(userAgent: clicked.userAgent)
        default: client = nil
        }
    }
}

extension DeliveryRow {
    /// Reads a row of `deliveries` with the mailing's id as `mailing_id`.
    init(_ row: Row) {
        let deferred: Timestamp? = row["first_deferred_at"]
        let state = DeliveryState(rawValue: row["state"]) ?? .scheduled
        let isTrying = state == .deferred || state == .pending || state == .sending
        self.init(
            id: row["id"], mailing: row["mailing_id"], address: row["address"], name: row["name"],
            role: RecipientRole(rawValue: row["role"]) ?? .to, state: state, reason: DeliveryReason(row), attempts: row["attempts"],
            changedAt: row["changed_at"], retryUntil: isTrying ? deferred.map { $0 + RetrySchedule().lifetime } : nil,
            views: Views(
                first: row["first_viewed_at"], last: row["last_viewed_at"],
                hits: Hits(all: row["views"], people: row["views_people"]), client: row["client"]),
            clicks: Hits(all: row["clicks"], people: row["clicks_people"]), unsubscribedAt: row["unsubscribed_at"])
    }
}
