import GRDB

/// One step in the life of a schema: applied once, in order, never changed afterwards.
package struct Migration: Sendable {
    package let name: String
    package let sql: String

    package init(_ name: String, sql: String) {
        self.name = name
        self.sql = sql
    }

    /// The tables that every file has.
    static let common = Migration(
        "store",
        sql: """
            -- What is to be published, in order. Facts of one kind that one transaction tells stand in one row, and travel with their
            -- neighbours of the same kind.
            CREATE TABLE outbox (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                exchange TEXT NOT NULL,
                routing_key TEXT NOT NULL,
                at INTEGER NOT NULL,                                        -- microseconds since 1970 UTC
                envelope BLOB,                                              -- JSON, of a message; NULL: facts
                facts INTEGER NOT NULL CHECK (facts > 0 OR envelope IS NOT NULL),
                body BLOB NOT NULL                                          -- facts: the array's elements
            ) STRICT;

            -- What has been dealt with.
            CREATE TABLE inbox (
                id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
                at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX inbox_by_time ON inbox (at);

            -- One row, rewritten to find out whether writing works again.
            CREATE TABLE probe (
                id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
                filler BLOB NOT NULL
            ) STRICT;
            """)

    static func migrator(_ migrations: [Migration]) -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for migration in [common] + migrations {
            migrator.registerMigration(migration.name) { try $0.execute(sql: migration.sql) }
        }
        return migrator
    }
}
