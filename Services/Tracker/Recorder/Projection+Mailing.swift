import Foundation
import GRDB
import Mail
import Store

extension Projection {
    /// Enters a mailing with its deliveries, all of them scheduled as yet.
    /// - Returns: The deliveries entered: none where the mailing is known.
    func accept(_ accepted: MailingAccepted, fact: Fact, number: Int64) throws -> [DeliveryID] {
        guard
            try Bool.fetchOne(
                database.cachedStatement(sql: "SELECT 1 FROM mailings WHERE id = ?"), arguments: [accepted.mailing]) == nil
        else { return [] }
        let recipients = try newcomers(of: accepted)
        let key = try SortKey.free(from: SortKey.of(fact.occurredAt, accepted.mailing), in: database)
        try insert(accepted, recipients: recipients, key: key, fact: fact, number: number)
        let insert = try Query(
            "INSERT INTO deliveries (id, mailing, position, organization, address, name, role) VALUES (?, ?, ?, ?, ?, ?, ?)",
            in: database)
        for (position, recipient) in recipients.enumerated() {
            try insert.run([
                .id(recipient.delivery), .integer(key), .number(position), .text(fact.organization), .text(recipient.address),
                .text(recipient.name), .text(recipient.role.rawValue),
            ])
        }
        try database.cachedStatement(
            sql: """
                INSERT INTO days (organization, day, mailings, recipients, scheduled) VALUES (?1, ?2, 1, ?3, ?3)
                ON CONFLICT DO UPDATE SET mailings = mailings + 1, recipients = recipients + ?3, scheduled = scheduled + ?3
                """
        ).execute(arguments: [fact.organization, fact.occurredAt.dayNumber, recipients.count])
        try database.cachedStatement(sql: "INSERT INTO kinds (organization, kind) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .execute(arguments: [fact.organization, accepted.kind])
        if let collection = accepted.collection {
            try noteCollection(
                collection, of: fact.organization, latest: key, mailings: 1, recipients: recipients.count,
                lastMailingAt: fact.occurredAt)
        }
        return recipients.map(\.delivery)
    }

    /// The recipients whose deliveries no mailing has yet, each once: an id that comes twice must not break the sum.
    private func newcomers(of accepted: MailingAccepted) throws -> [MailingAccepted.Recipient] {
        var seen: Set<DeliveryID> = []
        let known = try Query("SELECT 1 FROM deliveries WHERE id = ?", in: database)
        return try accepted.recipients.filter { recipient in
            let isKnown = try known.first([.id(recipient.delivery)]) { _ in true } ?? false
            return !isKnown && seen.insert(recipient.delivery).inserted
        }
    }

    private func insert(
        _ accepted: MailingAccepted, recipients: [MailingAccepted.Recipient], key: Int64, fact: Fact, number: Int64
    ) throws {
        let first = recipients.prefix(3).map { EmailRow.RecipientName(address: $0.address, name: $0.name) }
        try database.cachedStatement(
            sql: """
                INSERT INTO mailings (
                    number, id, organization, fact, kind, name, subject, collection, sender, sender_name, first_recipients,
                    accepted_at, send_at, tracked, recipients, scheduled, changed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            key, accepted.mailing, fact.organization, number, accepted.kind, accepted.name, accepted.content.subject,
            accepted.collection, accepted.content.from.address.description, accepted.content.from.name,
            String(decoding: try Wire.encode(Array(first)), as: UTF8.self), fact.occurredAt, accepted.sendAt,
            accepted.content.track.opens && accepted.content.html != nil, recipients.count, recipients.count, fact.occurredAt,
        ])
        let people = recipients.map { [$0.address, $0.name].compactMap { $0 }.joined(separator: " ") }.joined(separator: "\n")
        try database.cachedStatement(sql: "INSERT INTO search (rowid, subject, name, recipients) VALUES (?, ?, ?, ?)")
            .execute(arguments: [key, accepted.content.subject, accepted.name, people])
    }

    /// Adds to what is known about a collection.
    func noteCollection(
        _ id: String, of organization: String, latest: Int64, mailings: Int = 0, recipients: Int = 0,
        lastMailingAt: Timestamp? = nil
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO collections (organization, id, mailings, recipients, latest, last_mailing_at) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET
                    mailings = mailings + excluded.mailings, recipients = recipients + excluded.recipients,
                    latest = max(latest, excluded.latest),
                    last_mailing_at = max(
                        coalesce(last_mailing_at, excluded.last_mailing_at), coalesce(excluded.last_mailing_at, last_mailing_at))
                """
        ).execute(arguments: [organization, id, mailings, recipients, latest, lastMailingAt])
    }

    /// Notes what a fact says about a reminder, unless a later fact has spoken.
    func note(_ moved: ReminderMoved, as state: ReminderRow.State, told: Fact) throws {
        try database.cachedStatement(
            sql: """
                INSERT INTO reminders (
                    id, organization, collection, expires_on, days_before, due_at, state, detail, told_at, told_by)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET
                    collection = excluded.collection, expires_on = excluded.expires_on, days_before = excluded.days_before,
                    due_at = excluded.due_at, state = excluded.state, detail = excluded.detail,
                    told_at = excluded.told_at, told_by = excluded.told_by
                WHERE organization = excluded.organization AND (excluded.told_at, excluded.told_by) > (told_at, told_by)
                """
        ).execute(arguments: [
            moved.reminder, told.organization, moved.collection, moved.expiresOn, moved.daysBefore, moved.dueAt, state.rawValue,
            moved.detail, told.occurredAt, told.id,
        ])
        if let mailing = moved.mailing {
            try database.cachedStatement(sql: "INSERT INTO issues (reminder, mailing) VALUES (?, ?) ON CONFLICT DO NOTHING")
                .execute(arguments: [moved.reminder, mailing])
        }
        try noteCollection(
            moved.collection, of: told.organization, latest: SortKey.of(told.occurredAt, ReminderID.derived(from: moved.collection))
        )
    }
}

extension Timestamp {
    /// The day it falls on in UTC, counted from 1970-01-01.
    var dayNumber: Int64 {
        seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    }
}
