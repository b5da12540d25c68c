package import GRDB
package import Mail

/// Ids that have been dealt with, so that what arrives twice counts once.
package enum Inbox {
    /// Notes `id`; `false` where it was there already.
    package static func admit<Subject>(_ id: ID<Subject>, at now: Timestamp, in database: Database) throws -> Bool {
        try Query("INSERT INTO inbox (id, at) VALUES (?, ?) ON CONFLICT DO NOTHING", in: database).run([.id(id), .time(now)])
        return database.changesCount > 0
    }

    /// Forgets ids admitted before `time`: at most 10,000 a call.
    package static func forget(before time: Timestamp, in database: Database) throws {
        try database.execute(
            sql: "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE at < ? ORDER BY at LIMIT 10000)", arguments: [time])
    }
}
