import Foundation
import Hummingbird
import Logging
import Testing

@testable import Runtime

/// A server on a port of its own, for as long as `body` runs.
func withServer(
    _ limits: WebLimits = WebLimits(), monitored: Readiness? = nil, routes: (Router<WebContext>) -> Void,
    body: (Int) async throws -> Void
) async throws {
    let router = Router(context: WebContext.self)
    routes(router)
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let server = WebServer(
        name: "test", listen: ListenAddress(host: "127.0.0.1", port: 0), router: router, monitored: monitored,
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, limits: limits
    ) { continuation.yield($0) }
    let running = Task { try await server.run() }
    var all = ports.makeAsyncIterator()
    guard let port = await all.next() else { return }
    do {
        try await body(port)
    } catch {
        running.cancel()
        throw error
    }
    running.cancel()
    try await running.value
}

/// Sends one request over a connection of its own.
func ask(
    _ port: Int, _ method: String, _ path: String, _ headers: [String: String] = [:], body: String? = nil,
    location: SourceLocation = #_sourceLocation
) async throws -> RawAnswer {
    let client = try RawClient(port: port)
    var lines = ["\(method) \(path) HTTP/1.1", "Host: test", "Connection: close"] + headers.map { "\($0.key): \($0.value)" }
    if let body, headers["Transfer-Encoding"] == nil { lines.append("Content-Length: \(body.utf8.count)") }
    client.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    let text = await client.receiveAll(within: .seconds(20))
    return try #require(text.flatMap { RawAnswer($0) }, "no answer to \(method) \(path)", sourceLocation: location)
}
