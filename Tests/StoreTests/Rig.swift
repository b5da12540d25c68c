import Foundation
import GRDB
import Logging
import Support

@testable import Store

/// A store in a folder of its own, with one table of numbers.
struct Rig {
    let folder: TemporaryFolder
    let store: StoreFile

    static let numbers = Migration("numbers", sql: "CREATE TABLE numbers (value INTEGER NOT NULL UNIQUE, filler BLOB) STRICT;")
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(in folder: TemporaryFolder? = nil, patience: Duration = .seconds(20)) throws {
        self.folder = try folder ?? TemporaryFolder()
        store = try StoreFile.open(
            in: self.folder.url, name: "test", migrations: [Self.numbers], patience: patience, logger: Self.logger)
    }

    var path: String { folder.path + "test.sqlite" }

    func add(_ value: Int, filler: Int = 0) async throws {
        try await store.write { try $0.execute(sql: "INSERT INTO numbers VALUES (?, zeroblob(?))", arguments: [value, filler]) }
    }

    func values() async throws -> [Int] {
        try await store.read { try Int.fetchAll($0, sql: "SELECT value FROM numbers ORDER BY value") }
    }

    /// Opens the file anew, as the next process would, and asks SQLite itself.
    static func valuesOnDisk(_ path: String) throws -> [Int] {
        try DatabaseQueue(path: path).read { try Int.fetchAll($0, sql: "SELECT value FROM numbers ORDER BY value") }
    }
}
