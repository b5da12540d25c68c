import Foundation
import Logging
import Mail
import Runtime
import Support
import Synchronization
import Testing

@testable import Tracker

@Suite("Console in a browser", .serialized)
struct ConsoleBrowserTests {
    /// With `WAYBILL_PICTURES` set to a folder, every page is left there at every width, dark and light.
    @Test("the console in Chromium: reading, news, keyboard, phones, dark and light, without scripts", .timeLimit(.minutes(3)))
    func console() async throws {
        let now = Timestamp(Date())
        let fixture = try await ConsoleFixture(now: now)
        try await fixture.record(try Studio.facts(now: now) + Studio.campaign(to: 150, now: now).facts)
        let token = try await fixture.token()
        let pictures = ProcessInfo.processInfo.environment["WAYBILL_PICTURES"]
        let (ports, opened) = AsyncStream<Int>.makeStream()
        let server = WebServer(
            name: "console", listen: ListenAddress(host: "127.0.0.1", port: 0), router: fixture.router(), monitored: nil,
            logger: Logger(label: "test"), onListening: { opened.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { try await fixture.live.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let script = BrowserScript(
                "console.py", arguments: ["http://127.0.0.1:\(port)", token] + (pictures.map { [$0] } ?? []))
            try await script.run { line in
                guard line == "news" else { return }
                try await fixture.record(
                    try ConsoleFacts("news", subject: "Just now came this", to: [.init(address: "a@b.c")], at: now).facts)
            }
            group.cancelAll()
        }
    }
}
