import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing

@testable import Runtime

struct DrainTests {
    @Test("at graceful shutdown a request in hand is answered, an idle connection closed, and a stream that never ends cut")
    func draining() async throws {
        let router = Router(context: WebContext.self)
        let (asked, isAsked) = AsyncStream.makeStream(of: String.self)
        let (gate, opens) = AsyncStream.makeStream(of: Void.self)
        router.get("/slow") { _, _ in
            isAsked.yield("slow")
            for await _ in gate { break }
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "done")))
        }
        router.get("/stream") { _, _ in
            Response(
                status: .ok,
                body: .init { writer in
                    isAsked.yield("stream")
                    while true {
                        try await writer.write(ByteBuffer(string: "x"))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                })
        }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = WebServer(
            name: "drain", listen: ListenAddress(host: "127.0.0.1", port: 0), router: router, monitored: nil,
            logger: ShutdownTests.logger, limits: WebLimits(drain: .seconds(2))
        ) { port.yield($0) }
        let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: ShutdownTests.logger))
        let running = Task { try await group.run() }
        var opened = ports.makeAsyncIterator()
        let number = try #require(await opened.next())

        let slow = try RawClient(port: number)
        let stream = try RawClient(port: number)
        let idle = try RawClient(port: number)
        slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        stream.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        var arrivals = asked.makeAsyncIterator()
        let first = await arrivals.next()
        #expect(Set([first, await arrivals.next()]) == ["slow", "stream"])

        let start = ContinuousClock.now
        await group.triggerGracefulShutdown()
        #expect(await idle.receiveAll(within: .seconds(10)) == "")
        opens.yield()
        #expect(await slow.receiveAll(within: .seconds(10))?.hasSuffix("\r\n\r\ndone") == true)
        #expect(await stream.receiveAll(within: .seconds(10)) != nil)
        try await running.value
        #expect(start.duration(to: .now) < .seconds(9))
        #expect(throws: POSIXError.self) { try RawClient(port: number) }
    }
}
