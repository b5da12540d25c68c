import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Support
import Synchronization
import Testing

@testable import Runtime

/// Clients that try to hold on to the server by being slow, big or many.
struct SlowClientTests {
    private let limits = WebLimits(
        idle: .seconds(2), request: .seconds(4), stall: .seconds(2), headerBytes: 8192, headerFields: 20,
        connections: 20, drain: .milliseconds(500))

    private func routes(_ router: Router<WebContext>) {
        router.get("/") { _, _ in Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "hello"))) }
        router.post("/") { request, _ in
            let body = try await request.bytes(upTo: 1 << 20)
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "\(body.readableBytes)")))
        }
        router.post("/unread") { _, _ in Response(status: .unauthorized) }
        router.get("/endless") { _, _ in
            Response(
                status: .ok,
                body: .init { writer in
                    let part = ByteBuffer(repeating: 0x41, count: 65_536)
                    while true { try await writer.write(part) }
                })
        }
    }

    /// Sends one byte every 50 ms until the server hangs up; `nil` where it never does.
    private func dribble(_ client: RawClient, for limit: Duration) async throws -> Duration? {
        let start = ContinuousClock.now
        while start.duration(to: .now) < limit {
            if await client.receiveAll(within: .milliseconds(50)) != nil { return start.duration(to: .now) }
            guard client.send("a") else { return start.duration(to: .now) }
        }
        return nil
    }

    @Test(
        "a connection that says nothing, a header that never ends and a body that dribbles are cut at their limits",
        arguments: [
            "", "GET / HTTP/1.1\r\nX-", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
            "POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
        ])
    func slow(start: String) async throws {
        try await withServer(limits, routes: routes) { port in
            let client = try RawClient(port: port)
            client.send(start)
            let lasted: Duration?
            if start.isEmpty {
                let begin = ContinuousClock.now
                lasted = await client.receiveAll(within: .seconds(30)).map { _ in begin.duration(to: .now) }
            } else {
                lasted = try await dribble(client, for: .seconds(30))
            }
            let time = try #require(lasted, "the connection was never cut")
            #expect(time < .seconds(15))
            #expect(try await ask(port, "GET", "/").body == "hello")
        }
    }

    @Test("a header of a megabyte is refused before it is taken in")
    func hugeHeader() async throws {
        try await withServer(limits, routes: routes) { port in
            let client = try RawClient(port: port)
            client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Huge: ")
            client.send(String(repeating: "a", count: 1 << 20))
            #expect(await client.receiveAll(within: .seconds(20)) != nil)
            let many = try RawClient(port: port)
            many.send("GET / HTTP/1.1\r\n" + (0..<5000).map { "X-\($0): y\r\n" }.joined() + "\r\n")
            let answer = await many.receiveAll(within: .seconds(20))
            #expect(answer?.contains("200 OK") == false)
            #expect(try await ask(port, "GET", "/").body == "hello")
        }
    }

    @Test("a client that does not read its answer is cut")
    func unread() async throws {
        try await withServer(limits, routes: routes) { port in
            let client = try RawClient(port: port)
            client.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
            try await Task.sleep(for: .seconds(3))
            // What the system had buffered comes first, then the end.
            #expect(await client.receiveAll(within: .seconds(20)) != nil)
        }
    }

    @Test("a connection that is used goes on beyond the idle time")
    func keptAlive() async throws {
        try await withServer(limits, routes: routes) { port in
            let client = try RawClient(port: port)
            for _ in 0..<6 {
                #expect(client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
                try await Task.sleep(for: .milliseconds(700))
            }
            client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let text = await client.receiveAll(within: .seconds(20))
            #expect(text?.components(separatedBy: "hello").count == 8)
        }
    }

    @Test("connections beyond the limit wait their turn and are served once idle ones are cut")
    func many() async throws {
        try await withServer(limits, routes: routes) { port in
            let idle = try (0..<60).map { _ in try RawClient(port: port) }
            #expect(try await ask(port, "GET", "/").body == "hello")
            _ = idle
        }
    }

    @Test(
        "bytes that are no HTTP do no harm",
        arguments: ["\u{0}\u{1}\u{2}", "HELO x\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n"])
    func garbage(text: String) async throws {
        try await withServer(limits, routes: routes) { port in
            let client = try RawClient(port: port)
            client.send(text)
            #expect(await client.receiveAll(within: .seconds(20)) != nil)
            #expect(try await ask(port, "GET", "/").body == "hello")
        }
    }
}
