import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import Runtime

/// Each test is a process of its own, which signals itself.
struct ShutdownTests {
    /// Asks the process to stop, asks again as often as told once that was heard, and then finishes what it has in hand.
    struct Worker: Service {
        var signals = 1
        var work = Duration.milliseconds(300)
        var heedsCancellation = true

        func run() async throws {
            kill(getpid(), SIGTERM)
            try await gracefulShutdown()
            for _ in 1..<signals { kill(getpid(), SIGTERM) }
            let end = ContinuousClock.now + work
            while ContinuousClock.now < end {
                do { try await Task.sleep(for: .milliseconds(20)) } catch  where heedsCancellation { return } catch {
                    await Task.yield()
                }
            }
            print("finished")
        }
    }

    struct Failing: Service {
        struct Sorry: Error, CustomStringConvertible { var description: String { "Sorry." } }
        func run() async throws { throw Sorry() }
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("at SIGTERM the work in hand is finished, then the process leaves with 0")
    func drains() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            try await runUntilSignalled([Worker()], logger: ShutdownTests.logger)
            print("left")
        }
        let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        #expect(output.contains("finished\nleft"))
    }

    @Test("a second signal ends at once")
    func impatient() async throws {
        let start = ContinuousClock.now
        await #expect(processExitsWith: .exitCode(1)) {
            try await runUntilSignalled([Worker(signals: 2, work: .seconds(600))], logger: ShutdownTests.logger)
        }
        #expect(start.duration(to: .now) < .seconds(60))
    }

    @Test("work that outlasts the limit is cancelled")
    func cancelled() async throws {
        await #expect(processExitsWith: .success) {
            try await runUntilSignalled([Worker(work: .seconds(600))], within: .milliseconds(300), logger: ShutdownTests.logger)
        }
    }

    @Test("work that heeds nothing is left behind, with status 1")
    func stubborn() async throws {
        await #expect(processExitsWith: .exitCode(1)) {
            try await runUntilSignalled(
                [Worker(work: .seconds(600), heedsCancellation: false)], within: .milliseconds(300), logger: ShutdownTests.logger)
        }
    }

    @Test("a service that fails stops the others and is heard of")
    func failing() async throws {
        struct Idle: Service {
            func run() async throws { try await gracefulShutdown() }
        }
        await #expect(throws: Failing.Sorry.self) {
            try await runUntilSignalled([Idle(), Failing()], logger: ShutdownTests.logger)
        }
    }
}
