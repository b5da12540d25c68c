import Crypto
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Mail
import Runtime
import Store
import Support
import Testing

@testable import Tracker

@Suite("The unsubscribe link")
struct UnsubscribeTests {
    private let keys: TrackingKeys
    private let delivery = DeliveryID(high: 0x0192_0000_0000_7000, low: 0x8000_0000_0000_0002)

    init() throws {
        keys = try #require(TrackingKeys(secret: Sample.secret))
    }

    private func link(_ purpose: TrackingToken.Purpose = .unsubscribe) throws -> String {
        "/u/" + (try #require(keys.sign(TrackingToken(organization: "acme", delivery: delivery, purpose: purpose))))
    }

    private static let oneClick = "List-Unsubscribe=One-Click"

    /// Serves the routes, then tells the commands that were kept, as kind and body.
    private func serving(
        cap: RateCap = RateCap(), store: StoreFile? = nil, _ body: @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws -> [Command] {
        let store = try store ?? Sample.store("hits")
        let router = Router(context: WebContext.self)
        UnsubscribeRoutes(
            keys: keys, store: store, cap: cap, time: TimeSource(now: { Sample.start }, sleep: { try await Task.sleep(for: $0) }),
            logger: Logger(label: "test")
        ).add(to: router)
        try await Application(router: router).test(.router) { client in try await body(client) }
        return try await store.read { database in
            try Row.fetchAll(database, sql: "SELECT exchange, routing_key, body FROM outbox ORDER BY id").map { row in
                #expect(row["exchange"] == "waybill.commands")
                return try Command(kind: row["routing_key"], version: 1, body: row["body"])
            }
        }
    }

    private struct Answer: Sendable {
        let status: HTTPResponse.Status
        let page: String
    }

    private func post(
        _ client: any TestClientProtocol, _ path: String, _ body: String, type: String = "application/x-www-form-urlencoded"
    ) async throws -> Answer {
        try await client.execute(uri: path, method: .post, headers: [.contentType: type], body: ByteBuffer(string: body)) {
            Answer(status: $0.status, page: String(buffer: $0.body))
        }
    }

    private func expect(
        _ status: HTTPResponse.Status, _ client: any TestClientProtocol, _ path: String, _ body: String,
        type: String = "application/x-www-form-urlencoded", at place: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await post(client, path, body, type: type)
        #expect(answer.status == status, sourceLocation: place)
    }

    @Test("looking shows a page with one button and changes nothing, whoever looks", arguments: [HTTPRequest.Method.get, .head])
    func looking(method: HTTPRequest.Method) async throws {
        let path = try link()
        let commands = try await serving { client in
            for _ in 0..<3 {
                try await client.execute(uri: path + "?choice=unsubscribe&List-Unsubscribe=One-Click", method: method) { response in
                    #expect(response.status == .ok)
                    #expect(response.headers[.cacheControl]?.contains("no-store") == true)
                    let policy = response.headers[.contentSecurityPolicy] ?? ""
                    #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
                    #expect(!policy.contains("unsafe"))
                    if method == .get {
                        let page = String(buffer: response.body)
                        let style = page.components(separatedBy: "<style>").last?.components(separatedBy: "</style>").first ?? ""
                        let hash = Data(SHA256.hash(data: Data(style.utf8))).base64EncodedString()
                        #expect(style.contains("button{") && policy.contains("style-src 'sha256-\(hash)'"))
                        #expect(page.components(separatedBy: "<button").count == 2)
                        #expect(page.contains("<form method=\"post\">") && !page.contains("<script"))
                    }
                }
            }
        }
        #expect(commands.isEmpty)
    }

    @Test("a mail program's one click unsubscribes, as a form of either kind")
    func oneClick() async throws {
        let path = try link()
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"
        let commands = try await serving { client in
            try await expect(.ok, client, path, Self.oneClick)
            try await expect(.ok, client, path, multipart, type: "multipart/form-data; boundary=x")
        }
        let expected = Command.unsubscribe(organization: "acme", .delivery(delivery), at: Sample.start)
        #expect(commands == [expected, expected])
    }

    @Test("the page's button unsubscribes, and the next page's brings back")
    func thereAndBack() async throws {
        let path = try link()
        let commands = try await serving { client in
            let left = try await post(client, path, "choice=unsubscribe")
            #expect(left.status == .ok && left.page.contains("value=\"resubscribe\""))
            let back = try await post(client, path, "choice=resubscribe")
            #expect(back.status == .ok && back.page.contains("value=\"unsubscribe\""))
        }
        #expect(
            commands == [
                .unsubscribe(organization: "acme", .delivery(delivery), at: Sample.start),
                .resubscribe(organization: "acme", .delivery(delivery), at: Sample.start),
            ])
    }

    @Test("what says neither changes nothing and is asked again", arguments: ["", "choice=delete", "List-Unsubscribe=", "x"])
    func unclear(body: String) async throws {
        let path = try link()
        let commands = try await serving { client in
            try await expect(.badRequest, client, path, body)
            try await expect(.badRequest, client, path, body + String(repeating: "a", count: 10_000))
            try await expect(.badRequest, client, path, Self.oneClick, type: "multipart/form-data")
        }
        #expect(commands.isEmpty)
    }

    @Test("a token that is changed or made for something else changes nothing")
    func forged() async throws {
        let good = try link()
        let others = [
            try link(.open), try link(.click(link: 0, target: "https://example.com/")), good + "A", String(good.dropLast()), "/u/x",
        ]
        let commands = try await serving { client in
            for path in others {
                try await expect(.notFound, client, path, Self.oneClick)
                try await client.execute(uri: path, method: .get) { #expect($0.status == .notFound) }
            }
        }
        #expect(commands.isEmpty)
    }

    @Test("one token can change its mind only so often a day")
    func capped() async throws {
        let path = try link()
        let commands = try await serving(cap: RateCap(most: 2)) { client in
            for _ in 0..<2 { try await expect(.ok, client, path, Self.oneClick) }
            try await expect(.tooManyRequests, client, path, Self.oneClick)
        }
        #expect(commands.count == 2)
    }

    @Test("nothing is promised that is not on disk")
    func diskAway() async throws {
        let path = try link()
        let store = try Sample.store("hits")
        try await store.write { database in
            try database.execute(sql: "CREATE TRIGGER full BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'full'); END")
        }
        let commands = try await serving(store: store) { client in
            let answer = try await post(client, path, Self.oneClick)
            #expect(answer.status == .serviceUnavailable && answer.page.contains("Nothing was changed"))
        }
        #expect(commands.isEmpty)
    }

    @Test("the history shows who left through which mail, and no longer when they are back, in whatever order it hears of it")
    func history() async throws {
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net", "bob@example.net"])
        let ann = accepted.recipients[0].delivery
        let changed = ContactChanged(address: "ann@example.net", delivery: ann, mailing: accepted.mailing)
        let begun = sample.fact(.mailingAccepted(accepted))
        let left = sample.fact(.contactUnsubscribed(changed))
        let back = sample.fact(.contactResubscribed(changed))
        func seen(_ facts: [Fact], together: Int) async throws -> (
            mailings: Int, sum: Int, at: Timestamp?, filtered: Int, timeline: [Fact.Kind]
        ) {
            let store = try Sample.store()
            try await store.record(facts, together: together)
            let history = History(store: store)
            let row = try #require(try await history.emails(of: "acme").items.first)
            let story = try #require(try await history.timeline(of: ann, organization: "acme"))
            let detail = try #require(try await history.mailing(accepted.mailing, of: "acme"))
            #expect(detail.deliveries[1].unsubscribedAt == nil)
            let filtered = try await history.emails(of: "acme", filter: EmailFilter(status: .unsubscribed)).items.count
            return (
                row.unsubscribed, row.states[.scheduled] ?? 0, story.delivery.unsubscribedAt, filtered,
                story.entries.map(\.fact.kind)
            )
        }
        for together in [1, 10] {
            for facts in [[begun, left], [left, begun], [begun, left, left]] {
                let (count, scheduled, at, filtered, timeline) = try await seen(facts, together: together)
                #expect(count == 1 && scheduled == 2 && at == left.occurredAt && filtered == 1)
                #expect(timeline == [.mailingAccepted, .contactUnsubscribed])
            }
            for facts in [[begun, left, back], [back, left, begun], [left, begun, back], [begun, back, left]] {
                let (count, _, at, filtered, timeline) = try await seen(facts, together: together)
                #expect(count == 0 && at == nil && filtered == 0)
                #expect(timeline == [.mailingAccepted, .contactUnsubscribed, .contactResubscribed])
            }
        }
    }
}
