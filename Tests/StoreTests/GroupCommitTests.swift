import Foundation
import GRDB
import Support
import Testing

@testable import Store

struct GroupCommitTests {
    private struct Refusal: Error, Equatable {}

    @Test("what a write returns comes back, and is there for the next reader")
    func roundTrip() async throws {
        let rig = try Rig()
        let count = try await rig.store.write { database in
            try database.execute(sql: "INSERT INTO numbers (value) VALUES (1), (2)")
            return database.changesCount
        }
        #expect(count == 2)
        #expect(try await rig.values() == [1, 2])
    }

    @Test("one that throws leaves its neighbours alone, whatever it had written")
    func isolation() async throws {
        let rig = try Rig()
        let outcomes = await withTaskGroup { group in
            for value in 0..<300 {
                group.addTask {
                    do {
                        try await rig.store.write { database in
                            try database.execute(sql: "INSERT INTO numbers (value) VALUES (?)", arguments: [value])
                            if value % 3 == 0 { throw Refusal() }
                        }
                        return (value, true)
                    } catch {
                        #expect(error is Refusal)
                        return (value, false)
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(outcomes.count == 300)
        #expect(outcomes.allSatisfy { $0.value == ($0.key % 3 != 0) })
        #expect(try await rig.values() == (0..<300).filter { $0 % 3 != 0 })
    }

    @Test("one that makes SQLite end the whole transaction takes no neighbour with it")
    func rollback() async throws {
        let rig = try Rig()
        try await rig.add(1000)
        let failures = await withTaskGroup { group in
            for value in 0..<100 {
                group.addTask {
                    do {
                        try await rig.store.write { database in
                            let clash = value % 10 == 0
                            try database.execute(
                                sql: "INSERT \(clash ? "OR ROLLBACK" : "") INTO numbers (value) VALUES (?)",
                                arguments: [clash ? 1000 : value])
                        }
                        return 0
                    } catch {
                        #expect((error as? DatabaseError)?.resultCode == .SQLITE_CONSTRAINT)
                        return 1
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(failures == 10)
        #expect(try await rig.values() == (0..<100).filter { $0 % 10 != 0 } + [1000])
    }

    @Test("a foreign key that only the commit checks fails its own write alone")
    func deferredKey() async throws {
        let folder = try TemporaryFolder()
        let store = try StoreFile.open(
            in: folder.url, name: "keys",
            migrations: [
                Migration(
                    "keys",
                    sql: """
                        CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT;
                        CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED) STRICT;
                        """)
            ], logger: Rig.logger)
        try await store.write { try $0.execute(sql: "INSERT INTO parents VALUES (1)") }
        let failed = await withTaskGroup { group in
            for value in 1...50 {
                group.addTask {
                    do {
                        try await store.write { database in
                            try database.execute(sql: "INSERT INTO children VALUES (?)", arguments: [value == 25 ? 99 : 1])
                        }
                        return Int?.none
                    } catch { return value }
                }
            }
            return await group.reduce(into: [Int]()) { failed, value in if let value { failed.append(value) } }
        }
        #expect(failed == [25])
        #expect(try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM children") } == 49)
    }

    @Test("a thousand writes that come together share commits")
    func sharing() async throws {
        let rig = try Rig()
        let before = try commits(rig)
        try await withThrowingTaskGroup { group in
            for value in 0..<1000 { group.addTask { try await rig.add(value) } }
            try await group.waitForAll()
        }
        let shared = try commits(rig) - before
        #expect(try await rig.values().count == 1000)
        #expect(shared < 200, "1,000 writes took \(shared) commits")
    }

    @Test("writes of one caller are applied in its order")
    func order() async throws {
        let rig = try Rig()
        try await rig.add(0)
        for value in 1...50 {
            try await rig.store.write { database in
                let largest = try Int.fetchOne(database, sql: "SELECT max(value) FROM numbers")
                #expect(largest == value - 1)
                try database.execute(sql: "INSERT INTO numbers (value) VALUES (?)", arguments: [value])
            }
        }
    }

    @Test("a write goes through although its caller is cancelled meanwhile")
    func cancelled() async throws {
        let rig = try Rig()
        let task = Task { try await rig.add(7) }
        task.cancel()
        try await task.value
        #expect(try await rig.values() == [7])
    }

    @Test("after close a write fails and nothing hangs")
    func closed() async throws {
        let rig = try Rig()
        try rig.store.close()
        await #expect(throws: (any Error).self) { try await rig.add(1) }
    }

    /// Commits so far: frames in the log whose header says that they end one (SQLite file format, section 4.1).
    private func commits(_ rig: Rig) throws -> Int {
        let log = try Data(contentsOf: URL(filePath: rig.path + "-wal"))
        let size = 24 + 4096
        return stride(from: 32, to: log.count - size + 1, by: size).count { log[$0 + 4..<$0 + 8].contains { $0 != 0 } }
    }
}
