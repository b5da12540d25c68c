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

@Suite struct TrackingRoutesTests {
    private let keys: TrackingKeys
    private let delivery = DeliveryID(high: 0x0192_0000_0000_7000, low: 0x8000_0000_0000_0001)

    init() throws {
        keys = try #require(TrackingKeys(secret: Sample.secret))
    }

    private func token(_ purpose: TrackingToken.Purpose) throws -> String {
        try #require(keys.sign(TrackingToken(organization: "acme", delivery: delivery, purpose: purpose)))
    }

    /// Serves the routes, then tells the facts that were kept.
    private func serving(
        cap: RateCap = RateCap(), _ body: @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws -> [Fact] {
        let store = try Sample.store("hits")
        let spool = HitSpool(store: store, patience: .seconds(20), logger: Logger(label: "test"))
        let router = Router(context: WebContext.self)
        TrackingRoutes(keys: keys, spool: spool, cap: cap).add(to: router)
        let application = Application(router: router)
        try await withThrowingTaskGroup { group in
            group.addTask { try await spool.run() }
            try await application.test(.router) { client in try await body(client) }
            group.cancelAll()
        }
        return try await store.read { try waitingFacts(in: $0) }
    }

    private static let pixelBytes = 43

    @Test("the image is an image whatever the token says; only a good one is recorded")
    func open() async throws {
        let good = try token(.open)
        let click = try token(.click(link: 0, target: "https://example.com/"))
        let unsubscribe = try token(.unsubscribe)
        let facts = try await serving { client in
            for bad in ["x", click, unsubscribe, String(good.dropLast()), good + "A", "%00", String(repeating: "A", count: 5000)] {
                try await client.execute(uri: "/o/\(bad)", method: .get) { response in
                    #expect(response.status == .ok && response.body.readableBytes == Self.pixelBytes)
                }
            }
            try await client.execute(uri: "/o/\(good)", method: .get, headers: [.userAgent: Sample.gmail]) { response in
                #expect(response.headers[.contentType] == "image/gif")
                #expect(response.headers[.cacheControl]?.contains("no-store") == true)
                #expect(response.body.readableBytes == Self.pixelBytes)
            }
        }
        #expect(facts.map(\.body) == [.messageOpened(MessageOpened(delivery: delivery, userAgent: Sample.gmail))])
        #expect(facts.first?.organization == "acme")
    }

    @Test("one bit changed anywhere in a token, and it leads nowhere")
    func forged() async throws {
        let good = try token(.click(link: 3, target: "https://example.com/a?x=1&y=2"))
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let facts = try await serving { client in
            for (index, character) in good.enumerated() {
                let value = try #require(alphabet.firstIndex(of: character))
                for bit in 0..<6 {
                    var text = Array(good)
                    text[index] = alphabet[value ^ (1 << bit)]
                    try await client.execute(uri: "/c/\(String(text))", method: .get) { response in
                        #expect(response.status == .notFound)
                        #expect(response.headers[.location] == nil)
                    }
                }
            }
        }
        #expect(facts.isEmpty)
    }

    @Test(
        "a good link leads to the very target that was signed",
        arguments: [
            ("https://example.com/", "https://example.com/"),
            ("http://example.com/a?x=1&amp;y=%20#z", "http://example.com/a?x=1&amp;y=%20#z"),
            ("https://example.com/ä", "https://example.com/%C3%A4"),
            ("https://user@example.com/?next=https://evil.example", "https://user@example.com/?next=https://evil.example"),
        ])
    func click(target: String, location: String) async throws {
        let good = try token(.click(link: 7, target: target))
        let facts = try await serving { client in
            try await client.execute(uri: "/c/\(good)?url=https://evil.example", method: .get) { response in
                #expect(response.status == .found)
                #expect(response.headers[.location] == location)
            }
        }
        #expect(facts.map(\.body) == [.linkClicked(LinkClicked(delivery: delivery, link: 7, target: target, userAgent: nil))])
    }

    @Test(
        "no token can be made that leads elsewhere than to the web",
        arguments: [
            "javascript:alert(1)", "//evil.example", "data:text/html,x", "https://a/\r\nSet-Cookie: x", "ftp://a/", "https://a b/",
        ])
    func unsignable(target: String) {
        #expect(keys.sign(TrackingToken(organization: "acme", delivery: delivery, purpose: .click(link: 0, target: target))) == nil)
        #expect(TrackingRoutes.location(target) == nil)
    }

    @Test("whoever looks ahead or only asks for the head is served and not counted")
    func notCounted() async throws {
        let open = try token(.open)
        let click = try token(.click(link: 0, target: "https://example.com/"))
        let facts = try await serving { client in
            for path in ["/o/\(open)", "/c/\(click)"] {
                let status: HTTPResponse.Status = path.hasPrefix("/o") ? .ok : .found
                try await client.execute(uri: path, method: .head) { #expect($0.status == status) }
                for (name, value) in [("Purpose", "prefetch"), ("Sec-Purpose", "prefetch;prerender"), ("X-Moz", "prefetch")] {
                    let headers = HTTPFields([HTTPField(name: try #require(HTTPField.Name(name)), value: value)])
                    try await client.execute(uri: path, method: .get, headers: headers) { #expect($0.status == status) }
                }
            }
        }
        #expect(facts.isEmpty)
    }

    @Test("beyond the cap a token's hits are answered and no longer recorded")
    func capped() async throws {
        let open = try token(.open)
        let facts = try await serving(cap: RateCap(most: 5)) { client in
            for _ in 0..<12 {
                try await client.execute(uri: "/o/\(open)", method: .get) { #expect($0.body.readableBytes == Self.pixelBytes) }
            }
        }
        #expect(facts.count == 5)
    }

    @Test("the cap counts anew each day")
    func capADay() throws {
        let cap = RateCap(most: 2)
        let token = TrackingToken(organization: "acme", delivery: delivery, purpose: .open)
        #expect((0..<3).map { _ in cap.admit(token, at: Sample.start) } == [true, true, false])
        #expect(cap.admit(token, at: Sample.start + .seconds(86_400)))
    }

    @Test("a hit is on disk when it is answered, and many share a write")
    func durable() async throws {
        let store = try Sample.store("hits")
        let spool = HitSpool(store: store, patience: .seconds(20), logger: Logger(label: "test"))
        try await withThrowingTaskGroup { group in
            group.addTask { try await spool.run() }
            var sample = Sample()
            let hits = (0..<500).map { _ in sample.fact(.messageOpened(MessageOpened(delivery: delivery, userAgent: nil))) }
            await withTaskGroup { answers in
                for hit in hits { answers.addTask { await spool.keep(hit) } }
            }
            let written = try await store.read { try Outbox.count(in: $0) }
            #expect(written == 500)
            group.cancelAll()
        }
    }

    @Test("an answer does not wait for a disk that does not take the hit")
    func diskAway() async throws {
        let spool = HitSpool(store: try Sample.store("hits"), patience: .milliseconds(50), logger: Logger(label: "test"))
        let router = Router(context: WebContext.self)
        // The spool does not run: nothing is ever written.
        TrackingRoutes(keys: keys, spool: spool).add(to: router)
        let open = try token(.open)
        try await Application(router: router).test(.router) { client in
            try await client.execute(uri: "/o/\(open)", method: .get) { #expect($0.status == .ok) }
        }
    }

    @Test("a User-Agent is kept to 512 bytes and without control characters")
    func userAgent() async throws {
        let open = try token(.open)
        let long = String(repeating: "ä", count: 400)
        let facts = try await serving { client in
            try await client.execute(uri: "/o/\(open)", method: .get, headers: [.userAgent: long]) { #expect($0.status == .ok) }
        }
        guard case .messageOpened(let opened)? = facts.first?.body else { Issue.record("No fact."); return }
        #expect(opened.userAgent?.utf8.count == 512)
    }
}
