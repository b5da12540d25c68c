import Foundation
import GRDB
import Support
import Testing

@testable import Store

/// What the world does to a file while the service runs.
struct StoreFaultTests {
    @Test("writes wait out a lock held from outside and then succeed, none lost")
    func lockedForAWhile() async throws {
        let rig = try Rig()
        let holder = try hold(rig.path)
        try await eventually("the file is locked") { try holder.lines == ["locked"] }
        let writes = Task {
            try await withThrowingTaskGroup { group in
                for value in 0..<20 { group.addTask { try await rig.add(value) } }
                try await group.waitForAll()
            }
        }
        try await eventually("the trouble is told") { rig.store.trouble != nil }
        #expect(rig.store.trouble?.contains("locked") == true)
        #expect(try await rig.values() == [], "readers go on")
        try holder.say("let go")
        try await writes.value
        #expect(try await rig.values() == Array(0..<20))
        #expect(rig.store.trouble == nil)
    }

    @Test("a lock held for longer than patience lasts is an error, and the next write after it is well again")
    func lockedForLong() async throws {
        let rig = try Rig(patience: .milliseconds(200))
        let holder = try hold(rig.path)
        try await eventually("the file is locked") { try holder.lines == ["locked"] }
        await #expect(throws: StoreError.locked(path: rig.folder.path + "test.sqlite")) { try await rig.add(1) }
        #expect(rig.store.trouble != nil)
        try holder.say("let go")
        try await eventually("the trouble is over by itself") { rig.store.trouble == nil }
        try await rig.add(1)
        #expect(try await rig.values() == [1])
    }

    @Test("on a full disk a write fails in words, readers go on, and all is well by itself once there is room")
    func full() async throws {
        guard let disk = try SmallDisk(kilobytes: 3 * 1024) else { return }
        let rig = try Rig(in: disk.folder)
        try await rig.add(0)
        var acknowledged = [0]
        var refusal: StoreError?
        for value in 1...200 {
            do {
                try await rig.add(value, filler: 50_000)
                acknowledged.append(value)
            } catch let error as StoreError {
                refusal = error
                break
            }
        }
        #expect(refusal == .full(path: rig.folder.path + "test.sqlite"))
        #expect(rig.store.trouble?.contains("full") == true)
        #expect(try await rig.values() == acknowledged)
        try disk.grow(to: 30)
        try await eventually("writing works again without anybody asking") { rig.store.trouble == nil }
        try await rig.add(1000, filler: 50_000)
        #expect(try await rig.values() == acknowledged + [1000])
        #expect(try await rig.store.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
    }

    @Test("a disk that is read-only at the start is refused in words")
    func readOnlyAtStart() throws {
        guard let disk = try SmallDisk(kilobytes: 5 * 1024) else { return }
        #expect(try disk.remount("ro"))
        let error = #expect(throws: StoreError.self) { try Rig(in: disk.folder) }
        guard case .unwritable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("readers that overlap for ever do not make the write-ahead log grow for ever")
    func longLog() async throws {
        let rig = try Rig()
        try await rig.add(-1)
        let readers = (0..<3).map { number in
            Task {
                while !Task.isCancelled {
                    try await rig.store.read { database in
                        _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM numbers")
                        usleep(UInt32(20_000 + number * 7_000))
                    }
                }
            }
        }
        for value in 0..<90 { try await rig.add(value, filler: 1 << 20) }
        var value = 90
        try await eventually(within: .seconds(30), "the log is short while readers and writers go on") {
            try await rig.add(value, filler: 1000)
            value += 1
            let size = try FileManager.default.attributesOfItem(atPath: rig.path + "-wal")[.size] as? Int
            return (size ?? 0) <= WriteAheadLog.tolerated
        }
        for reader in readers { reader.cancel() }
    }

    /// Holds the file as `BEGIN EXCLUSIVE` does, until it is told to let go.
    private func hold(_ path: String) throws -> Python {
        try Python(
            """
            import sqlite3, sys
            c = sqlite3.connect(sys.argv[1], isolation_level=None)
            c.execute('BEGIN EXCLUSIVE'); print('locked')
            sys.stdin.readline()
            c.execute('COMMIT'); print('free')
            """, [path])
    }
}
