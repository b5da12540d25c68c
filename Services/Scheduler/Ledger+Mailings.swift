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
                let (earlier, submission) = try change.first(
                    "SELECT mailing, submission FROM idempotency_keys WHERE organization = ? AND key = ?",
                    [.text(mailing.organization), .text(key)], { (try $0.id(OfMailing.self), try $0.text()) })
            {
                guard submission == (try mailing.fingerprint.description) else { return .keyReused }
                return .repeated(try Self.summary(of: earlier, in: change.database))
            }
            let owner = try change.first("SELECT organization FROM mailings WHERE id = ?", [.id(mailing.id)]) { try $0.text() }
            if let owner {
                guard owner == mailing.organization else { return .idTaken }
                return .repeated(try Self.summary(of: mailing.id, in: change.database))
            }
            let entries = try change.insert(mailing)
            if let key {
                try change.run(
                    "INSERT INTO idempotency_keys (organization, key, mailing, submission, used_at) VALUES (?, ?, ?, ?, ?)",
                    [
                        .text(mailing.organization), .text(key), .id(mailing.id), .text(try mailing.fingerprint.description),
                        .time(change.now),
                    ])
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
        try Query("SELECT 1 FROM mailings WHERE id = ? AND organization = ?", in: database)
            .first([.id(mailing), .text(organization)]) { try $0.flag() } ?? false
    }

    private static func summary(of mailing: MailingID, in database: Database) throws -> MailingSummary {
        let query = try Query("SELECT id, address, state FROM deliveries WHERE mailing = ? ORDER BY number", in: database)
        return MailingSummary(
            id: mailing,
            deliveries: try query.all([.id(mailing)]) { .init(id: try $0.id(), address: try $0.text(), state: try $0.word()) })
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
            let deliveries = try change.all(
                "SELECT \(Delivery.columns) FROM deliveries WHERE mailing = ? ORDER BY number", [.id(mailing)]
            ) { try Delivery(row: &$0) }
            for old in deliveries {
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
            [.text(mailing.contentHash.description), .blob(mailing.contentJSON)])
        try run(
            """
            INSERT INTO mailings (id, organization, kind, audience, content, accepted_at, under_way)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .id(mailing.id), .text(mailing.organization), .text(mailing.accepted.kind),
                .text(mailing.accepted.audience.rawValue), .text(mailing.contentHash.description), .time(mailing.acceptedAt),
                .number(mailing.recipients.count),
            ])
        for attachment in mailing.attachments {
            try run(
                "INSERT INTO blobs (hash, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [.text(attachment.hash.description), .blob(attachment.bytes)])
            try run(
                "INSERT INTO mailing_blobs (mailing, hash) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [.id(mailing.id), .text(attachment.hash.description)])
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
                INSERT INTO deliveries (id, mailing, organization, when_uncertain, address, domain, name, role, variables, state,
                    attempt, due_at, place, deferrals, uncertainties, changed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?)
                """,
                [
                    .id(work.id), .id(work.mailing), .text(work.organization), .text(work.whenUncertain.rawValue),
                    .text(recipient.submitted.address), .text(work.domain), .text(recipient.submitted.name),
                    .text(recipient.submitted.role.rawValue),
                    .text(String(decoding: try Wire.encode(recipient.submitted.variables ?? [:]), as: UTF8.self)),
                    .text(work.state.rawValue), .number(work.attempt), .time(work.dueAt), .number(place),
                    .time(now),
                ])
            note(work, after: nil)
            tell(facts, of: mailing.organization)
            entries.append(.init(id: work.id, address: recipient.submitted.address, state: work.state))
        }
        return entries
    }
}
