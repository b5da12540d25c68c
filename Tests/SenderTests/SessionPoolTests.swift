import Testing

@testable import Sender

@Suite("Turns at a destination", .timeLimit(.minutes(1)))
struct SessionPoolTests {
    @Test("who waits too long for a turn misses it, who waits elsewhere does not, and the turn goes on to the next")
    func missed() async {
        let pool = SessionPool(SessionPool.Limits(connections: 1, wait: .seconds(1)))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await pool.run() }
            #expect(await pool.enter("slow.test") == .come)
            #expect(await pool.enter("slow.test") == .missed)
            #expect(await pool.enter("quick.test") == .come)
            pool.leave("slow.test")
            #expect(await pool.enter("slow.test") == .come)
            pool.leave("slow.test")
            pool.leave("quick.test")
            group.cancelAll()
        }
    }
}
