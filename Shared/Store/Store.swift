package import Broker
package import Foundation
package import GRDB
package import Logging
package import Mail
package import ServiceLifecycle

/// One step in the life of a schema: applied once, in order, never changed afterwards.
package struct Migration: Sendable {
    package let name: String
    package let sql: String

    package init(_ name: String, sql: String) {
        self.name = name
        self.sql = sql
    }
}

package enum StoreError: Error, CustomStringConvertible {
    case inUse(path: String)
    case unwritable(path: String, reason: String)
    case corrupt(path: String, reason: String)
    case full(path: String)
    case newerSchema(path: String, migration: String)
    package var description: String { "being written" }
}

/// A service's own SQLite file: WAL, `synchronous=FULL`, foreign keys on, one process at a time.
package final class StoreFile: Sendable {
    /// Opens or makes `<folder>/<name>.sqlite` and brings its schema up to date; the tables of outbox and inbox are part of every file.
    /// - Throws: ``StoreError``, in words for the operator.
    package static func open(in folder: URL, name: String, migrations: [Migration], logger: Logger) throws -> StoreFile {
        fatalError("being written")
    }

    /// Runs `body` in one durable transaction: when this returns it is on disk. Waits out a file that is locked from outside.
    package func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        fatalError("being written")
    }

    /// Runs `body` on a snapshot, beside the writer.
    package func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        fatalError("being written")
    }

    /// Whether writing works just now, and if not why (disk full, read-only), for `/readyz`.
    package var trouble: String? { fatalError("being written") }

    package func close() throws { fatalError("being written") }
}

/// Messages that are to be published once the transaction that writes them is on disk.
package enum Outbox {
    /// Puts facts into the outbox, in order.
    package static func put(_ facts: [Fact], in database: Database) throws { fatalError("being written") }
    /// Puts one message into the outbox.
    package static func put(_ message: Message, to exchange: String, routingKey: String, in database: Database) throws {
        fatalError("being written")
    }
    /// Messages and facts that wait.
    package static func count(in database: Database) throws -> Int { fatalError("being written") }
}

/// Publishes the outbox in order, facts of one kind batched, and deletes what is confirmed.
package final class OutboxRelay: Service, Sendable {
    package init(store: StoreFile, publisher: Publisher, logger: Logger) { fatalError("being written") }
    package func run() async throws { fatalError("being written") }
}

/// Ids that have been dealt with, so that what arrives twice counts once.
package enum Inbox {
    /// Notes `id`; `false` where it was there already.
    package static func admit<Subject>(_ id: ID<Subject>, at now: Timestamp, in database: Database) throws -> Bool {
        fatalError("being written")
    }
    /// Forgets ids admitted before `time`: at most 10,000 a call.
    package static func forget(before time: Timestamp, in database: Database) throws { fatalError("being written") }
}

/// Identifiers are stored as blobs of 16 bytes.
extension ID: DatabaseValueConvertible {
    package var databaseValue: DatabaseValue { Data(bytes).databaseValue }
    package static func fromDatabaseValue(_ value: DatabaseValue) -> ID? { Data.fromDatabaseValue(value).flatMap { ID(bytes: $0) } }
}

/// Moments are stored as integers: microseconds since 1970 UTC.
extension Timestamp: DatabaseValueConvertible {
    package var databaseValue: DatabaseValue { microseconds.databaseValue }
    package static func fromDatabaseValue(_ value: DatabaseValue) -> Timestamp? {
        Int64.fromDatabaseValue(value).map(Timestamp.init(microseconds:))
    }
}
