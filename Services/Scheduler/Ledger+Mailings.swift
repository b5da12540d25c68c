import Foundation
import GRDB
import Mail
import Store

/// Where one mailing stands, as the API shows it.
struct MailingSummary: Hashable, Sendable, Codable {
    let id: MailingID
    let deliveries: [Entry]

    struct Entry: Hashable, Sendable, Codable {
        let id: DeliveryID
        let address: String
        let state: DeliveryState
    }
}

extension Ledger {
    enum Acceptance: Hashable, Sendable {
        case accepted(MailingSummary)
        /// The same had been submitted before.
        case repeated(MailingSummary)
        /// The idempotency key had been used for something else.
        case keyReused
        /// The mailing's id belongs to another organization.
        case idTaken
    }

    /// Takes a mailing on: when this returns, it and all that follows from it is on disk.
    /// - Parameter key: The client's idempotency key.
    func accept(_ mailing: AdmittedMailing, key: String? = nil) async throws -> Acceptance {
        try await change { change in
            if let key,
                let used = try change.row(
                    "SELECT mailing, submission FROM idempotency_keys WHERE organization = ? AND key = ?",
                    [mailing.organization, key])
            {
                guard used["submission"] == (try mailing.fingerprint.description) else { return .keyReused }
                let earlier: MailingID = try used.value("mailing")
                return .repeated(try Self.summary(of: earlier, in: change.database))
            }
            if let known = try change.row("SELECT organization FROM mailings WHERE id = ?", [mailing.id]) {
                guard known["organization"] == mailing.organization else { return .idTaken }
                return .repeated(try Self.summary(of: mailing.id, in: change.database))
            }
            let entries = try change.insert(mailing)
            if let key {
                try change.run(
                    "INSERT INTO idempotency_keys (organization, key, mailing, submission, used_at) VALUES (?, ?, ?, ?, ?)",
                    [mailing.organization, key, mailing.id, try mailing.fingerprint.description, change.now])
            }
            return .accepted(MailingSummary(id: mailing.id, deliveries: entries))
        }
    }

    /// Tells that a mailing submitted by a command was refused. Told twice it is the same fact.
    func refuse(_ mailing: MailingID, of organization: String, problems: [String]) async throws {
        try await change { change in
            change.tell(
                Fact(
                    id: .derived(from: "mailing refused", organization, mailing.description), organization: organization,
                    occurredAt: change.now, body: .mailingRefused(MailingRefused(mailing: mailing, problems: problems))))
        }
    }

    /// - Returns: `nil` where the organization has no such mailing.
    func summary(of mailing: MailingID, for organization: String) async throws -> MailingSummary? {
        try await store.read { database in
            guard try Self.owns(organization, mailing, in: database) else { return nil }
            return try Self.summary(of: mailing, in: database)
        }
    }

    private static func owns(_ organization: String, _ mailing: MailingID, in database: Database) throws -> Bool {
        try Bool.fetchOne(
            database, sql: "SELECT 1 FROM mailings WHERE id = ? AND organization = ?", arguments: [mailing, organization]) ?? false
    }

    private static func summary(of mailing: MailingID, in database: Database) throws -> MailingSummary {
        let rows = try Row.fetchAll(
            database, sql: "SELECT id, address, state FROM deliveries WHERE mailing = ? ORDER BY number", arguments: [mailing])
        return MailingSummary(
            id: mailing,
            deliveries: try rows.map { row in
                guard let state = DeliveryState(rawValue: try row.value("state")) else {
                    throw LedgerError.unreadableColumn("state")
                }
                return .init(id: try row.value("id"), address: try row.value("address"), state: state)
            })
    }

    // MARK: - Changes of mind

    /// Cancels whatever of a mailing can still be cancelled.
    /// - Returns: The ids that were cancelled now and the state of everything afterwards; `nil` where there is no such mailing.
    func cancel(_ mailing: MailingID, of organization: String, by: String?) async throws -> (
        cancelled: Set<DeliveryID>, summary: MailingSummary
    )? {
        try await change { change in
            guard try Self.owns(organization, mailing, in: change.database) else { return nil }
            var cancelled: Set<DeliveryID> = []
            let rows = try change.rows(
                "SELECT \(Delivery.columns) FROM \(Delivery.tables) WHERE d.mailing = ? ORDER BY d.number", [mailing])
            for row in rows {
                let old = try Delivery(row: row)
                var work = old
                let facts = work.cancel(by: by)
                guard !facts.isEmpty else { continue }
                try change.save(work, instead: old, facts: facts)
                cancelled.insert(work.id)
            }
            return (cancelled, try Self.summary(of: mailing, in: change.database))
        }
    }

    /// What a person's wish came to: the state afterwards, and whether the wish is what made it so.
    struct Outcome: Hashable, Sendable {
        let state: DeliveryState
        let isChanged: Bool
    }

    /// - Returns: `nil` where the organization has no such delivery.
    func cancel(_ delivery: DeliveryID, of organization: String, by: String?) async throws -> Outcome? {
        try await decide(about: delivery, of: organization) { $0.cancel(by: by) }
    }

    /// Decides about an uncertain delivery: it arrived, or it is to be sent again.
    func resolve(_ delivery: DeliveryID, of organization: String, delivered: Bool, by: String?) async throws -> Outcome? {
        try await decide(about: delivery, of: organization) { $0.resolve(delivered: delivered, by: by) }
    }

    private func decide(
        about delivery: DeliveryID, of organization: String, _ decision: @escaping @Sendable (inout Delivery) -> [Fact.Body]
    ) async throws -> Outcome? {
        try await change { change in
            guard let old = try Delivery.find(delivery, of: organization, in: change) else { return nil }
            var work = old
            let facts = decision(&work)
            try change.save(work, instead: old, facts: facts)
            return Outcome(state: work.state, isChanged: !facts.isEmpty)
        }
    }
}

extension Change {
    /// - Returns: Where each delivery stands now.
    fileprivate mutating func insert(_ mailing: AdmittedMailing) throws -> [MailingSummary.Entry] {
        try run(
            "INSERT INTO contents (hash, json) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [mailing.contentHash.description, mailing.contentJSON])
        try run(
            """
            INSERT INTO mailings (id, organization, kind, audience, when_uncertain, content, accepted_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                mailing.id, mailing.organization, mailing.accepted.kind, mailing.accepted.audience.rawValue,
                mailing.whenUncertain.rawValue, mailing.contentHash.description, mailing.acceptedAt,
            ])
        for attachment in mailing.attachments {
            try run(
                "INSERT INTO blobs (hash, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [attachment.hash.description, attachment.bytes])
            try run(
                "INSERT INTO mailing_blobs (mailing, hash) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [mailing.id, attachment.hash.description])
        }
        tell([.mailingAccepted(mailing.accepted)], of: mailing.organization)
        var entries: [MailingSummary.Entry] = []
        for recipient in mailing.recipients {
            var work = recipient.work
            var facts = recipient.facts
            if mailing.accepted.audience == .mass, let address = recipient.address,
                try isUnsubscribed(address, from: mailing.organization)
            {
                facts = work.drop(.unsubscribed)
            }
            let place = work.state == .pending ? try nextPlace() : nil
            try run(
                """
                INSERT INTO deliveries (id, mailing, organization, address, domain, name, role, variables, state, attempt, due_at,
                    place, deferrals, uncertainties, changed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?)
                """,
                [
                    work.id, work.mailing, work.organization, recipient.submitted.address, work.domain, recipient.submitted.name,
                    recipient.submitted.role.rawValue,
                    String(decoding: try Wire.encode(recipient.submitted.variables ?? [:]), as: UTF8.self), work.state.rawValue,
                    work.attempt, work.dueAt, place, now,
                ])
            note(work)
            tell(facts, of: mailing.organization)
            entries.append(.init(id: work.id, address: recipient.submitted.address, state: work.state))
        }
        return entries
    }
}
