import Foundation
import GRDB
import Logging
import Mail
import Runtime
import Store

/// The collections and their reminders, in the store file. Each function is one durable transaction; the facts and commands that
/// follow from it go to the outbox within it.
final class Agenda: Sendable {
    let store: StoreFile
    let time: TimeSource
    /// Raised when a reminder was planned or moved.
    let changed = Signal()

    init(store: StoreFile, time: TimeSource) {
        self.store = store
        self.time = time
    }

    /// A collection as it is kept.
    struct Collection: Hashable, Sendable {
        let organization: String
        let id: String
        let document: CollectionDocument
        let expiresAt: Timestamp
        let changedAt: Timestamp
        /// Changes with the document: an entity tag without its quotes.
        var version: String { ContentHash(of: Data(json.utf8)).description }
        fileprivate let json: String

        init(row: Row) throws {
            organization = row["organization"]
            id = row["id"]
            json = row["document"]
            document = try Wire.decode(CollectionDocument.self, from: Data(json.utf8))
            expiresAt = row["expires_at"]
            changedAt = row["changed_at"]
        }
    }

    /// What putting a collection came to.
    enum Putting: Sendable {
        case made(Collection)
        case changed(Collection)
        case unchanged(Collection)
        /// It is not the version that the client saw.
        case otherVersion
    }

    /// Makes or changes a collection and plans its reminders. Put twice, it changes nothing more.
    /// - Parameter version: What the client believes to change; `nil` for whatever there is.
    func put(
        _ document: CollectionDocument, as id: String, of organization: String, ifVersion version: String? = nil
    ) async throws -> Putting {
        let expiry = try Expiry(of: document)
        let wanted = expiry.occurrences(of: document, in: organization, collection: id)
        let json = String(decoding: try Wire.encode(document), as: UTF8.self)
        return try await change { change in
            let old = try change.collection(id, of: organization)
            if let version, version != old?.version { return .otherVersion }
            if let old, old.document == document { return .unchanged(old) }
            try change.run(
                """
                INSERT INTO collections (organization, id, document, expires_at, changed_at) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET document = excluded.document, expires_at = excluded.expires_at,
                    changed_at = excluded.changed_at
                """, [organization, id, json, expiry.moment, change.now])
            try change.plan(wanted, of: id, in: organization) { reminder in
                reminder.occurrence.expiresOn == document.expiresOn
                    ? "The collection no longer asks for it." : "The collection now expires on \(document.expiresOn)."
            }
            guard let new = try change.collection(id, of: organization) else { throw Wire.Unreadable("The collection is gone.") }
            return old == nil ? .made(new) : .changed(new)
        }
    }

    /// Removes a collection and withdraws its reminders.
    /// - Returns: Whether there was one.
    func remove(_ id: String, of organization: String) async throws -> Bool {
        try await change { change in
            guard try change.collection(id, of: organization) != nil else { return false }
            try change.run("DELETE FROM collections WHERE organization = ? AND id = ?", [organization, id])
            try change.plan([], of: id, in: organization) { _ in "The collection was removed." }
            return true
        }
    }

    /// Plans anew whatever waits, in case the rules of its time zone have changed since.
    func replan(logger: Logger) async throws {
        var after = (organization: "", id: "")
        while true {
            let last = after
            let page = try await store.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT * FROM collections c WHERE (organization, id) > (?, ?) AND EXISTS (SELECT 1 FROM reminders r
                            WHERE r.organization = c.organization AND r.collection = c.id AND r.state = 'planned')
                        ORDER BY organization, id LIMIT 50
                        """, arguments: [last.organization, last.id]
                ).map { try Collection(row: $0) }
            }
            guard let end = page.last else { return }
            after = (end.organization, end.id)
            for collection in page {
                guard let zone = try Expiry.zone(collection.document.timeZone) else {
                    logger.warning(
                        "A time zone is no longer known to the system; reminders keep their times",
                        metadata: ["collection": "\(collection.id)", "zone": "\(collection.document.timeZone)"])
                    continue
                }
                let expiry = try Expiry(on: collection.document.expiresOn, zone: zone)
                let wanted = expiry.occurrences(
                    of: collection.document, in: collection.organization, collection: collection.id)
                try await change { change in
                    guard try change.collection(collection.id, of: collection.organization)?.json == collection.json else { return }
                    try change.run(
                        "UPDATE collections SET expires_at = ? WHERE organization = ? AND id = ?",
                        [expiry.moment, collection.organization, collection.id])
                    try change.plan(wanted, of: collection.id, in: collection.organization) { _ in
                        "The collection no longer asks for it."
                    }
                }
            }
        }
    }

    /// Runs `body` in one transaction that ends with its facts in the outbox.
    func change<Value: Sendable>(_ body: @escaping @Sendable (inout Change) throws -> Value) async throws -> Value {
        let (value, kinds) = try await store.write { [time] database in
            var change = Change(database: database, now: time.now())
            let value = try body(&change)
            try change.finish()
            return (value, change.kinds)
        }
        for kind in kinds { ReminderMetrics.count(kind) }
        if kinds.contains(.planned) || kinds.contains(.moved) { changed.raise() }
        return value
    }
}
