import Logging
import SMTP
import Synchronization
import Testing

@testable import Sender

@Suite("Which servers to try")
struct ServerHealthTests {
    private static func server(_ host: String = "192.0.2.1") -> SMTPEndpoint { SMTPEndpoint(host: host, port: 25, heloName: "me") }

    private final class Clock: Sendable {
        private let began = ContinuousClock.now
        private let passed = Mutex(Duration.zero)
        @Sendable func now() -> ContinuousClock.Instant { began + passed.withLock { $0 } }
        func pass(_ wait: Duration) { passed.withLock { $0 += wait } }
    }

    @Test("a failed server is avoided for 1, 2, 4 … 60 seconds, and then one message tries it")
    func backsOff() {
        let clock = Clock()
        let health = ServerHealth(logger: .quiet, level: .debug, now: clock.now)
        #expect(health.admits(Self.server(), asLastChoice: false))
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            health.failed(Self.server(), "gone", couldConnect: false)
            clock.pass(.milliseconds(wait * 1000 - 1))
            #expect(!health.admits(Self.server(), asLastChoice: false))
            clock.pass(.milliseconds(1))
            #expect(health.admits(Self.server(), asLastChoice: false))
            #expect(!health.admits(Self.server(), asLastChoice: false))
        }
        health.succeeded(Self.server())
        #expect(health.admits(Self.server(), asLastChoice: false))
    }

    @Test("a server is a last choice until it has failed three times in a row; many who fail together count once")
    func lastChoice() {
        let clock = Clock()
        let health = ServerHealth(logger: .quiet, level: .debug, now: clock.now)
        for _ in 0..<10 { health.failed(Self.server(), "gone", couldConnect: false) }
        #expect(health.admits(Self.server(), asLastChoice: true))
        clock.pass(.seconds(1))
        health.failed(Self.server(), "gone", couldConnect: false)
        #expect(health.admits(Self.server(), asLastChoice: true))
        clock.pass(.seconds(2))
        health.failed(Self.server(), "gone", couldConnect: false)
        #expect(!health.admits(Self.server(), asLastChoice: true))
        #expect(health.complaint(about: Self.server())?.contains("gone") == true)
    }

    @Test("IPv6 is doubtful after three addresses without a connection, until one connects")
    func ipv6() {
        let health = ServerHealth(logger: .quiet, level: .debug)
        for number in 1...3 {
            #expect(!health.isIPv6Doubtful)
            health.failed(Self.server("2001:db8::\(number)"), "gone", couldConnect: false)
        }
        #expect(health.isIPv6Doubtful)
        health.failed(Self.server("192.0.2.1"), "gone", couldConnect: false)
        health.succeeded(Self.server("2001:db8::4"))
        #expect(!health.isIPv6Doubtful)
    }
}
