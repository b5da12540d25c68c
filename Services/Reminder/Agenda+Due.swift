import Broker
import Foundation
import GRDB
import Mail
import Runtime
import Store

extension Agenda {
    /// Issues the reminder that has been due for longest, if any is: its mailings go to the outbox in the same transaction in which
    /// it becomes issued. One whose collection has expired meanwhile is skipped.
    /// - Returns: Whether one was due.
    func issueNext() async throws -> Bool {
        guard let due = try await nextReminder(), due.occurrence.dueAt <= time.now() else { return false }
        let organization = due.occurrence.organization
        guard
            let collection = try await collection(due.occurrence.collection, of: organization)
        else {
            throw Wire.Unreadable("The reminder \(due.occurrence.id) has no collection.")
        }
        // A zone that was dropped from the system's files since must not keep the reminders of others waiting.
        let zone = try Expiry.zone(collection.document.timeZone) ?? .utc
        let daysLeft = Expiry.daysLeft(until: collection.document.expiresOn, at: time.now(), in: zone)
        try await change { change in
            // Whatever was put or removed in between counts; the loop comes again.
            let rows = try change.rows(
                "SELECT \(Reminder.columns) FROM reminders WHERE id = ? AND state = 'planned'", [due.occurrence.id])
            guard try rows.first.map({ try Reminder(row: $0) }) == due,
                try change.collection(collection.id, of: organization) == collection
            else { return }
            guard change.now < collection.expiresAt else {
                let skipped = Plan.change(
                    due.occurrence, .skipped,
                    "The collection had expired before the reminder could go out; the reminder service was not running in time.")
                try change.apply(skipped)
                change.tell(skipped.fact, of: organization)
                return
            }
            try change.apply(Plan.change(due.occurrence, .issued))
            for address in collection.document.audience.fixed {
                try change.issue(due.occurrence, of: collection.document, daysLeft, to: address)
            }
        }
        return true
    }

    /// When the next reminder falls due; `nil` where none waits.
    func nextDue() async throws -> Timestamp? { try await nextReminder()?.occurrence.dueAt }

    private func nextReminder() async throws -> Reminder? {
        try await store.read { database in
            try Row.fetchOne(
                database, sql: "SELECT \(Reminder.columns) FROM reminders WHERE state = 'planned' ORDER BY due_at, id LIMIT 1"
            ).map { try Reminder(row: $0) }
        }
    }

    /// Notes that the scheduler refused mailings; those that are not of reminders are none of ours.
    func learn(_ facts: [Fact]) async throws {
        try await change { change in
            for fact in facts {
                guard case .mailingRefused(let refused) = fact.body else { continue }
                let problem = refused.problems.isEmpty ? "The scheduler refused it." : refused.problems.joined(separator: " ")
                let issues = try change.rows(
                    "UPDATE issues SET problem = ? WHERE mailing = ? AND problem IS NULL RETURNING reminder, recipient",
                    [problem, refused.mailing])
                for issue in issues {
                    let id: ReminderID = issue["reminder"]
                    try change.refuse(id, recipient: issue["recipient"], refused.mailing, problem)
                }
            }
        }
    }
}

extension Change {
    fileprivate mutating func issue(
        _ occurrence: Occurrence, of document: CollectionDocument, _ daysLeft: Int, to address: EmailAddress
    ) throws {
        let mailing = occurrence.mailing(to: address)
        try run(
            """
            INSERT INTO issues (mailing, reminder, recipient) VALUES (?, ?, ?)
            ON CONFLICT (mailing) DO UPDATE SET problem = NULL
            """, [mailing, occurrence.id, address.description])
        let submission = Submission(
            kind: "reminder", name: "Reminder: \(document.name)", subject: document.subject, from: document.from,
            html: document.html, text: document.text, audience: .direct, collection: occurrence.collection,
            recipients: [
                .init(
                    address: address.description,
                    variables: [
                        "collection": document.name, "link": document.link, "expires": document.expiresOn,
                        "days": String(daysLeft),
                    ])
            ])
        let command = Command.submitMailing(organization: occurrence.organization, mailing: mailing, submission)
        try Outbox.put(
            Message(
                id: .derived(from: "submit", mailing.description), type: command.kind.rawValue, app: "reminder", timestamp: now,
                headers: ["waybill-organization": occurrence.organization], body: command.encoded()),
            to: Names.commands, routingKey: command.kind.rawValue, in: database)
        tell(
            .reminderIssued(occurrence.told(mailing: mailing, recipient: address.description)), of: occurrence.organization,
            as: .derived(from: "issued", mailing.description))
    }

    /// A reminder that was refused for everyone counts as skipped.
    fileprivate mutating func refuse(_ id: ReminderID, recipient: String, _ mailing: MailingID, _ problem: String) throws {
        guard let row = try rows("SELECT \(Reminder.columns) FROM reminders WHERE id = ?", [id]).first else { return }
        let occurrence = try Reminder(row: row).occurrence
        let detail = "The scheduler refused it: \(problem)"
        if try rows("SELECT 1 FROM issues WHERE reminder = ? AND problem IS NULL LIMIT 1", [id]).isEmpty {
            try apply(Plan.change(occurrence, .skipped, detail))
        }
        tell(
            .reminderSkipped(occurrence.told(mailing: mailing, recipient: recipient, detail: detail)), of: occurrence.organization,
            as: .derived(from: "refused", mailing.description))
    }
}
