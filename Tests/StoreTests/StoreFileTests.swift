import Foundation
import GRDB
import Support
import Testing

@testable import Store

struct StoreFileTests {
    @Test("the settings that durability rests on are on")
    func settings() async throws {
        let rig = try Rig()
        let found = try await rig.store.write { database in
            try ["journal_mode", "synchronous", "foreign_keys"].map { try String.fetchOne(database, sql: "PRAGMA \($0)") }
        }
        #expect(found == ["wal", "2", "1"])
    }

    @Test("what was written is there after opening again, and migrations run once")
    func reopening() async throws {
        let folder = try TemporaryFolder()
        do {
            let rig = try Rig(in: folder)
            try await rig.add(5)
            try rig.store.close()
        }
        let rig = try Rig(in: folder)
        #expect(try await rig.values() == [5])
    }

    @Test("later migrations are added to a file that has the earlier ones")
    func migrating() async throws {
        let folder = try TemporaryFolder()
        do { _ = try Rig(in: folder) }
        let more = Migration("more", sql: "ALTER TABLE numbers ADD COLUMN colour TEXT;")
        let store = try StoreFile.open(in: folder.url, name: "test", migrations: [Rig.numbers, more], logger: Rig.logger)
        try await store.write { try $0.execute(sql: "INSERT INTO numbers (value, colour) VALUES (1, 'red')") }
    }

    @Test("a file that a newer program has written is refused, and left as it is")
    func newer() throws {
        let folder = try TemporaryFolder()
        let more = Migration("zzz later", sql: "CREATE TABLE later (id INTEGER) STRICT;")
        do { _ = try StoreFile.open(in: folder.url, name: "test", migrations: [Rig.numbers, more], logger: Rig.logger) }
        #expect(throws: StoreError.newerSchema(path: folder.path + "test.sqlite", migration: "zzz later")) {
            try Rig(in: folder)
        }
    }

    @Test("a migration that fails leaves no half of itself behind")
    func failingMigration() async throws {
        let folder = try TemporaryFolder()
        let bad = Migration("bad", sql: "CREATE TABLE half (id INTEGER) STRICT; CREATE TABLE numbers (id INTEGER);")
        #expect(throws: DatabaseError.self) {
            try StoreFile.open(in: folder.url, name: "test", migrations: [Rig.numbers, bad], logger: Rig.logger)
        }
        let rig = try Rig(in: folder)
        #expect(try await rig.store.read { try !$0.tableExists("half") })
    }

    @Test("a second opening of the same file is refused in words, by another process too")
    func second() async throws {
        let rig = try Rig()
        #expect(throws: StoreError.inUse(path: rig.folder.path + "test.sqlite")) { try Rig(in: rig.folder) }
        let script = """
            import fcntl, sys
            try:
                fcntl.flock(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB); print('taken')
            except BlockingIOError:
                print('refused')
            """
        let other = try Python(script, [rig.folder.path + "/test.lock"])
        try await eventually("the other process has tried") { try !other.lines.isEmpty }
        #expect(try other.lines == ["refused"])
    }

    @Test("a file that another process holds is refused until that process is gone")
    func waitingForTheOther() async throws {
        let folder = try TemporaryFolder()
        let holder = try Python(
            "import fcntl, sys, time\nf = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print('held'); time.sleep(600)",
            [folder.path + "/test.lock"])
        try await eventually("the lock is held") { try holder.lines == ["held"] }
        #expect(throws: StoreError.inUse(path: folder.path + "test.sqlite")) { try Rig(in: folder) }
        holder.kill()
        try await eventually("the lock is free") {
            do {
                _ = try Rig(in: folder)
                return true
            } catch StoreError.inUse { return false }
        }
    }

    @Test("a file that is no database is refused in words")
    func notADatabase() throws {
        let folder = try TemporaryFolder()
        try Data(repeating: 0x41, count: 8192).write(to: folder.url.appending(path: "test.sqlite"))
        let error = #expect(throws: StoreError.self) { try Rig(in: folder) }
        guard case .corrupt = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("a damaged page is found when the file is opened")
    func damaged() async throws {
        let folder = try TemporaryFolder()
        do {
            let rig = try Rig(in: folder)
            for value in 0..<50 { try await rig.add(value, filler: 2000) }
            try rig.store.close()
        }
        let handle = try FileHandle(forUpdating: folder.url.appending(path: "test.sqlite"))
        let size = try handle.seekToEnd()
        for page in stride(from: UInt64(4096 * 8), to: size, by: 4096) {
            try handle.seek(toOffset: page)
            try handle.write(contentsOf: Data(repeating: 0xA5, count: 200))
        }
        try handle.close()
        let error = #expect(throws: StoreError.self) { try Rig(in: folder) }
        guard case .corrupt = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("every error is a sentence that names the file")
    func sentences() {
        let errors: [StoreError] = [
            .inUse(path: "/data/x.sqlite"), .locked(path: "/data/x.sqlite"), .unwritable(path: "/data/x.sqlite", reason: "why"),
            .corrupt(path: "/data/x.sqlite", reason: "why"), .full(path: "/data/x.sqlite"),
            .newerSchema(path: "/data/x.sqlite", migration: "m"),
        ]
        for error in errors {
            #expect(error.description.contains("/data/x.sqlite"))
            #expect(error.description.hasSuffix("."))
        }
    }
}
