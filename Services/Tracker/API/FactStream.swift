import Foundation
import HTTPTypes
import Hummingbird
import Mail
import Runtime
import ServiceLifecycle

/// What is happening just now, as server-sent events (WHATWG HTML, section 9.2): one event for each fact of the organization.
///
/// An event's id is the fact's number, so a client that comes again with `Last-Event-ID` misses nothing; one that missed too much is told
/// `reset`: to load the page anew.
struct FactStream: Sendable {
    let history: History
    let live: LiveUpdates
    let organization: String

    /// More than this and it is quicker to load anew.
    private static let most = 1000
    /// The same for the facts of all organizations, which have to be looked through.
    private static let mostOfAll: Int64 = 10_000
    /// However much happens, nobody needs to be told more often.
    private static let pause = Duration.milliseconds(250)

    func response(to request: Request) async throws -> Response {
        guard let nudges = live.listen() else {
            throw Problem(
                .serviceUnavailable, "Too many listeners",
                detail: "There are \(LiveUpdates.mostListeners) live listeners already. Try later.",
                headers: [.retryAfter: "30"])
        }
        let asked = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }.flatMap { Int64($0) }
        let newest = try await history.newestFact()
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: ResponseBody { writer in
                var seen = asked.map { min(max($0, 0), newest) } ?? newest
                try await writer.write(ByteBuffer(string: "retry: 3000\n\n"))
                if asked != nil { try await tell(after: &seen, writer: &writer) }
                for await _ in nudges.cancelOnGracefulShutdown() {
                    let isTold = try await tell(after: &seen, writer: &writer)
                    // Nothing to tell: the client need not ask for this stretch again.
                    if !isTold { try await writer.write(ByteBuffer(string: "id: \(seen)\n\n")) }
                    try await Task.sleep(for: Self.pause)
                }
                try await writer.finish(nil)
            })
    }

    /// Writes what came after `seen`, which moves on to the newest fact.
    /// - Returns: Whether there was anything to tell.
    @discardableResult
    private func tell(after seen: inout Int64, writer: inout any ResponseBodyWriter) async throws -> Bool {
        let newest = try await history.newestFact()
        let facts =
            newest - seen > Self.mostOfAll
            ? nil : try await history.facts(of: organization, after: seen, through: newest, limit: Self.most + 1)
        seen = newest
        guard let facts, facts.count <= Self.most else {
            try await writer.write(ByteBuffer(string: "id: \(newest)\nevent: reset\ndata: {}\n\n"))
            return true
        }
        guard !facts.isEmpty else { return false }
        var text = ""
        for fact in facts {
            let data = String(decoding: try Wire.encode(fact.news), as: UTF8.self)
            text += "id: \(fact.number)\nevent: fact\ndata: \(data)\n\n"
        }
        try await writer.write(ByteBuffer(string: text))
        return true
    }
}
