import CSQLite
package import Foundation
package import GRDB
package import Logging
import Synchronization

/// A service's own SQLite file: WAL, `synchronous=FULL`, foreign keys on, one process at a time.
///
/// To back it up while the service runs: `sqlite3 scheduler.sqlite "VACUUM INTO 'copy.sqlite'"`.
package final class StoreFile: Sendable {
    /// The service's name: the file is `<name>.sqlite`.
    package let name: String
    let path: String
    let outboxChanges: OutboxChanges
    private let pool: DatabasePool
    private let lock: StoreLock
    private let commits: GroupCommit
    private let health: StoreHealth

    private init(
        name: String, path: String, pool: DatabasePool, lock: StoreLock, commits: GroupCommit, health: StoreHealth,
        outboxChanges: OutboxChanges
    ) {
        self.name = name
        self.path = path
        self.pool = pool
        self.lock = lock
        self.commits = commits
        self.health = health
        self.outboxChanges = outboxChanges
    }

    /// Opens or makes `<folder>/<name>.sqlite` and brings its schema up to date; the tables of outbox and inbox are part of every file.
    ///
    /// Blocks: for a service's start. Files under 1 GiB are checked for damage.
    /// - Throws: ``StoreError``, in words for the operator.
    package static func open(in folder: URL, name: String, migrations: [Migration], logger: Logger) throws -> StoreFile {
        try open(in: folder, name: name, migrations: migrations, patience: .seconds(60), logger: logger)
    }

    /// - Parameter patience: How long a write waits for a file that another program has locked.
    static func open(
        in folder: URL, name: String, migrations: [Migration], patience: Duration, logger: Logger
    ) throws -> StoreFile {
        let path = folder.appending(path: name + ".sqlite").path(percentEncoded: false)
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreError.unwritable(path: path, reason: "the folder cannot be made")
        }
        // Works before the first connection only.
        _ = csqlite_count_no_memory()
        let lock = try StoreLock(for: path)
        let health = StoreHealth(path: path, patience: patience, logger: logger)
        do {
            let pool = try DatabasePool(path: path, configuration: configuration(name: name, health: health))
            try prepare(pool, path: path, migrations: migrations, logger: logger)
            let outboxChanges = OutboxChanges()
            pool.add(transactionObserver: outboxChanges, extent: .databaseLifetime)
            return StoreFile(
                name: name, path: path, pool: pool, lock: lock, commits: GroupCommit(pool: pool, health: health, name: name),
                health: health, outboxChanges: outboxChanges)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(error, path: path) ?? error
        }
    }

    /// Runs `body` in one durable transaction: when this returns it is on disk. Waits out a file that is locked from outside.
    ///
    /// Calls that come together share one transaction; one that throws leaves its neighbours alone. `body` may run several times and
    /// must do nothing but database work; it may not begin or end transactions.
    /// Goes through even where the caller is cancelled meanwhile.
    /// - Throws: ``StoreError`` where the file is the trouble; whatever `body` throws.
    package func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await commits.write(body)
    }

    /// Runs `body` on a snapshot, beside the writer. Long readers keep the write-ahead log from shrinking: page through large things.
    package func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw health.note(error)
        }
    }

    /// Whether writing works just now, and if not why (disk full, read-only), for `/readyz`.
    package var trouble: String? { health.trouble }

    /// Waits for what is being read and written, then closes the file, which then stands for itself. Blocks. The lock goes with the
    /// last reference.
    package func close() throws {
        // The pool closes its writer before its readers, which then leave the write-ahead log lying there.
        pool.writeWithoutTransaction { commits.log.empty($0) }
        health.close()
        try pool.close()
    }

    private static func configuration(name: String, health: StoreHealth) -> Configuration {
        var configuration = Configuration()
        configuration.label = name
        configuration.foreignKeysEnabled = true
        configuration.maximumReaderCount = 4
        configuration.busyMode = .callback { health.waits(tries: $0) }
        return configuration
    }

    private static func prepare(_ pool: DatabasePool, path: String, migrations: [Migration], logger: Logger) throws {
        try pool.writeWithoutTransaction { database in
            // The pool has set NORMAL, which may lose the last commits when the power goes.
            try database.execute(
                sql:
                    "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = \(WriteAheadLog.tolerated)"
            )
        }
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64 ?? 0
        if size < 1 << 30 {
            let fault = try pool.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            if let fault, fault != "ok" { throw StoreError.corrupt(path: path, reason: fault) }
        } else {
            logger.notice("a large file is not checked for damage at the start", metadata: ["path": "\(path)"])
        }
        let migrator = Migration.migrator(migrations)
        let known = Set(migrator.migrations)
        let unknown = try pool.read { try migrator.appliedIdentifiers($0) }.subtracting(known).sorted()
        if let migration = unknown.last { throw StoreError.newerSchema(path: path, migration: migration) }
        try migrator.migrate(pool)
    }
}
