import Foundation
import GRDB
import Support
import Testing

@testable import Store

struct CrashTests {
    @Test("what was acknowledged before a kill -9 is there afterwards", arguments: 1...5)
    func killed(round: Int) async throws {
        let folder = try TemporaryFolder()
        await #expect(processExitsWith: .signal(SIGKILL)) { [url = folder.url as URL, round] in
            let store = try StoreFile.open(in: url, name: "test", migrations: [Rig.numbers], logger: Rig.logger)
            let acknowledged = open(
                url.appending(path: "acknowledged").path(percentEncoded: false), O_WRONLY | O_CREAT | O_APPEND, 0o600)
            Thread.detachNewThread {
                while lseek(acknowledged, 0, SEEK_END) < off_t(400 * round) { usleep(500) }
                usleep(UInt32(round * 700))
                kill(getpid(), SIGKILL)
            }
            await withTaskGroup { group in
                for lane in 0..<16 {
                    group.addTask {
                        var value = lane
                        while true {
                            let next = value
                            do {
                                try await store.write {
                                    try $0.execute(sql: "INSERT INTO numbers VALUES (?, zeroblob(500))", arguments: [next])
                                }
                            } catch { exit(3) }
                            let line = Array("\(next)\n".utf8)
                            _ = line.withUnsafeBytes { write(acknowledged, $0.baseAddress, $0.count) }
                            value += 16
                        }
                    }
                }
            }
        }
        let text = try String(contentsOf: folder.url.appending(path: "acknowledged"), encoding: .utf8)
        let acknowledged = Set(text.split(separator: "\n").compactMap { Int($0) })
        #expect(acknowledged.count > 50, "the child wrote next to nothing before it died")
        let rig = try Rig(in: folder)
        #expect(acknowledged.subtracting(try await rig.values()).isEmpty)
        #expect(try await rig.store.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
    }
}
