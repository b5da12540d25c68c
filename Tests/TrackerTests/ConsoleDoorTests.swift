import Broker
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Mail
import NIOCore
import Runtime
import Synchronization
import Testing

@testable import Tracker

@Suite("Console: signing in and asking for things")
struct ConsoleDoorTests {
    private func console(
        facts: [Fact] = [], failure: (any Error)? = nil,
        _ body: @Sendable @escaping (any TestClientProtocol, ConsoleFixture) async throws -> Void
    ) async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.record(facts)
        try await Application(router: fixture.router(failure: failure)).test(.router) { client in try await body(client, fixture) }
    }

    private func signIn(
        _ client: any TestClientProtocol, token: String, next: String = "/emails",
        headers: HTTPFields = [.origin: "http://localhost"]
    )
        async throws -> TestResponse
    {
        var fields = headers
        fields[.contentType] = "application/x-www-form-urlencoded"
        return try await client.execute(
            uri: "/sign-in", method: .post, headers: fields, body: Form.encode(["api-token": token, "next": next]))
    }

    @Test("a good token opens the door: a cookie that scripts cannot read, and on to the page that was asked for")
    func opens() async throws {
        try await console { client, fixture in
            let token = try await fixture.token(scopes: [.read])
            let response = try await signIn(client, token: "  \(token)\n", next: "/emails?q=a")
            #expect(response.status == .seeOther)
            #expect(response.headers[.location] == "/emails?q=a")
            let cookie = try #require(response.headers[.setCookie])
            #expect(cookie.hasPrefix("waybill-session=\(token);"))
            for part in ["HttpOnly", "SameSite=Strict", "Path=/"] { #expect(cookie.contains(part)) }
            #expect(!cookie.contains("Secure"))
            var proxied: HTTPFields = [.origin: "https://localhost"]
            if let name = HTTPField.Name("X-Forwarded-Proto") { proxied[name] = "https" }
            #expect(try await signIn(client, token: token, headers: proxied).headers[.setCookie]?.contains("Secure") == true)
        }
    }

    @Test("what is no token, an expired one, one that may not read: clear words and no cookie")
    func refuses() async throws {
        try await console { client, fixture in
            let expired = try await fixture.token(validFor: .seconds(60), at: ConsoleFixture.now - .seconds(120))
            let blind = try await fixture.token(scopes: [.send])
            for (token, words) in [
                ("", "not an API token"), ("<script>", "not an API token"), (expired, "expired"), (blind, "scope read"),
            ] {
                let response = try await signIn(client, token: token)
                #expect(response.status == .unauthorized || response.status == .forbidden)
                #expect(response.text.contains(words), "\(words)")
                #expect(response.headers[.setCookie] == nil)
                #expect(!response.text.contains("<script>"))
            }
        }
    }

    @Test(
        "without a cookie every page is the door, and leads on to where one wanted to go",
        arguments: ["/", "/emails?q=a%20b", "/collections", "/reminders", "/emails.csv", "/live", "/deliveries/0192/log.txt"])
    func closed(path: String) async throws {
        try await console { client, _ in
            let response = try await client.execute(uri: path, method: .get)
            #expect(response.status == .unauthorized)
            #expect(response.text.contains("name=\"next\" value=\"\(path)\""))
        }
    }

    @Test("a sign-in that has ended says so and takes the cookie away")
    func ended() async throws {
        try await console { client, fixture in
            let expired = try await fixture.token(validFor: .seconds(60), at: ConsoleFixture.now - .seconds(120))
            let response = try await Visit(client: client, token: expired).get("/emails")
            #expect(response.status == .unauthorized)
            #expect(response.text.contains("Please sign in again."))
            #expect(response.headers[.setCookie]?.contains("Max-Age=0") == true)
        }
    }

    @Test("signing out takes the cookie away, and only our own form can do it")
    func signsOut() async throws {
        try await console { client, fixture in
            let visit = Visit(client: client, token: try await fixture.token())
            #expect(try await visit.post("/sign-out", [:]).status == .forbidden)
            let form = try formToken(in: try await visit.get("/").text)
            let response = try await visit.post("/sign-out", ["token": form])
            #expect(response.status == .seeOther)
            #expect(response.headers[.setCookie]?.contains("Max-Age=0") == true)
        }
    }

    @Test("what belongs to another organization does not exist")
    func otherOrganization() async throws {
        let facts = try Studio.facts()
        let accepted = try #require(
            facts.lazy.compactMap { fact in if case .mailingAccepted(let body) = fact.body { body } else { nil } }.first)
        let delivery = accepted.recipients[0].delivery
        try await console(facts: facts) { client, fixture in
            let stranger = Visit(client: client, token: try await fixture.token(organization: "elsewhere"))
            for path in [
                ConsoleLink.email(accepted.mailing), ConsoleLink.body(of: accepted.mailing, for: delivery, images: false),
                ConsoleLink.log(delivery), ConsoleLink.collection("Smith wedding"), "/emails/not-an-id",
            ] {
                let response = try await stranger.get(path)
                #expect(response.status == .notFound, "\(path)")
                #expect(response.text.contains("There is nothing here"))
            }
            #expect(try await stranger.get("/emails").text.contains("No emails yet"))
            let form = try formToken(in: try await stranger.get("/").text)
            for path in [ConsoleLink.cancel(accepted.mailing), ConsoleLink.cancel(delivery)] {
                #expect(try await stranger.post(path, ["token": form]).status == .notFound)
            }
            #expect(try await stranger.post(ConsoleLink.resolve(delivery), ["token": form, "choice": "again"]).status == .notFound)
            #expect(fixture.sent.withLock { $0.isEmpty })
        }
    }

    @Test("a form of ours becomes the command, once, and the page says what comes of it")
    func asks() async throws {
        let waiting = try ConsoleFacts("w", subject: "W", to: [.init(address: "a@b.c")], at: ConsoleFixture.now)
        var unsure = try ConsoleFacts("u", subject: "U", to: [.init(address: "a@b.c")], at: ConsoleFixture.now)
        unsure.uncertain(0)
        let (one, other) = (waiting, unsure)
        try await console(facts: one.facts + other.facts) { client, fixture in
            let visit = Visit(client: client, token: try await fixture.token())
            let form = try formToken(in: try await visit.get(ConsoleLink.email(one.mailing)).text)

            let cancelled = try await visit.post(ConsoleLink.cancel(one.deliveries[0]), ["token": form])
            #expect(cancelled.status == .seeOther)
            let target = try #require(cancelled.headers[.location])
            #expect(try await visit.get(target).text.contains("You have asked to cancel sending."))
            _ = try await visit.post(ConsoleLink.cancel(one.mailing), ["token": form])
            _ = try await visit.post(ConsoleLink.resolve(other.deliveries[0]), ["token": form, "choice": "arrived"])
            _ = try await visit.post(ConsoleLink.resolve(other.deliveries[0]), ["token": form, "choice": "again"])
            #expect(
                try await visit.post(ConsoleLink.resolve(other.deliveries[0]), ["token": form, "choice": "x"]).status == .badRequest
            )

            let commands = try fixture.sent.withLock { $0 }.map { try Command(kind: $0.type, version: $0.version, body: $0.body) }
            let (organization, by) = (ConsoleFixture.organization, "ann-at-the-desk")
            #expect(
                commands == [
                    .cancelDelivery(organization: organization, delivery: one.deliveries[0], by: by),
                    .cancelMailing(organization: organization, mailing: one.mailing, by: by),
                    .resolveDelivery(organization: organization, delivery: other.deliveries[0], delivered: true, by: by),
                    .resolveDelivery(organization: organization, delivery: other.deliveries[0], delivered: false, by: by),
                ])
        }
    }

    @Test("of two people who decide, the second is told what the first has decided", arguments: [true, false])
    func decidedAlready(delivered: Bool) async throws {
        var unsure = try ConsoleFacts("u", subject: "U", to: [.init(address: "a@b.c")], at: ConsoleFixture.now)
        unsure.uncertain(0)
        unsure.add(
            .deliveryResolved(
                DeliveryResolved(
                    delivery: unsure.deliveries[0], mailing: unsure.mailing, attempt: 1, delivered: delivered, by: "kim\u{202E}")),
            after: .seconds(60))
        let mailing = unsure.mailing
        try await console(facts: unsure.facts) { client, fixture in
            let visit = Visit(client: client, token: try await fixture.token())
            for asked in [ConsoleLink.Asked.arrived, .again] {
                let page = try await visit.get(ConsoleLink.email(mailing, asked: asked)).text
                let outcome = delivered ? "it counts as delivered" : "it is being sent again"
                #expect(page.contains("kim\\u{202E} had decided already: \(outcome)"))
                #expect(page.contains(delivered ? "Said to have arrived by" : "To be sent again by"))
                #expect(!page.contains("It arrived…"), "nobody is asked again")
            }
        }
    }

    @Test("a form from elsewhere does nothing")
    func forged() async throws {
        let waiting = try ConsoleFacts("w", subject: "W", to: [.init(address: "a@b.c")], at: ConsoleFixture.now)
        try await console(facts: waiting.facts) { client, fixture in
            let visit = Visit(client: client, token: try await fixture.token())
            let other = Visit(client: client, token: try await fixture.token(scopes: [.read]))
            let form = try formToken(in: try await visit.get("/").text)
            let foreign = try formToken(in: try await other.get("/").text)
            let path = ConsoleLink.cancel(waiting.deliveries[0])
            for (fields, origin) in [
                ([:], "http://localhost"), (["token": foreign], "http://localhost"), (["token": form], "https://evil.example"),
                (["token": form], "null"), (["token": form], nil), (["token": form + "x"], "http://localhost"),
            ] as [([String: String], String?)] {
                let response = try await visit.post(path, fields, origin: origin)
                #expect(response.status == .forbidden, "\(fields) from \(origin ?? "nowhere")")
            }
            #expect(fixture.sent.withLock { $0.isEmpty })
        }
    }

    @Test("a token that may only read sees no buttons and can do nothing")
    func readsOnly() async throws {
        let waiting = try ConsoleFacts("w", subject: "W", to: [.init(address: "a@b.c")], at: ConsoleFixture.now)
        try await console(facts: waiting.facts) { client, fixture in
            let visit = Visit(client: client, token: try await fixture.token(scopes: [.read]))
            let page = try await visit.get(ConsoleLink.email(waiting.mailing)).text
            #expect(!page.contains("Cancel sending"))
            let response = try await visit.post(ConsoleLink.cancel(waiting.deliveries[0]), ["token": try formToken(in: page)])
            #expect(response.status == .forbidden)
            #expect(response.text.contains("scope send"))
            #expect(fixture.sent.withLock { $0.isEmpty })
        }
    }

    @Test("a queue that cannot be reached is said so, and nothing is promised")
    func unreachable() async throws {
        let waiting = try ConsoleFacts("w", subject: "W", to: [.init(address: "a@b.c")], at: ConsoleFixture.now)
        try await console(facts: waiting.facts, failure: BrokerError.shutDown) { client, fixture in
            let visit = Visit(client: client, token: try await fixture.token())
            let form = try formToken(in: try await visit.get("/").text)
            let response = try await visit.post(ConsoleLink.cancel(waiting.deliveries[0]), ["token": form])
            #expect(response.status == .serviceUnavailable)
            #expect(response.text.contains("could not be passed on"))
        }
    }

    @Test("a form larger than it can be is refused")
    func large() async throws {
        try await console { client, fixture in
            let visit = Visit(client: client, token: try await fixture.token())
            let response = try await visit.post(
                "/deliveries/\(DeliveryID.fresh())/cancel", ["token": String(repeating: "x", count: 100_000)])
            #expect(response.status == .contentTooLarge)
        }
    }

    private func formToken(in page: String) throws -> String {
        let value = try #require(page.firstMatch(of: /name="token" value="([^"]+)"/)?.1)
        return String(value)
    }
}
