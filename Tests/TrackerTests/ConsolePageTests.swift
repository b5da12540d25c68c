import Broker
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Mail
import NIOCore
import Runtime
import Testing

@testable import Tracker

@Suite("Console pages")
struct ConsolePageTests {
    /// Runs a body against a console with a studio's year in it, as someone who has signed in.
    private func visit(
        facts: [Fact]? = nil, organization: String = ConsoleFixture.organization, scopes: Set<Principal.Scope> = [.read, .send],
        failure: (any Error)? = nil, _ body: @Sendable @escaping (Visit, ConsoleFixture) async throws -> Void
    ) async throws {
        let fixture = try await ConsoleFixture()
        try await fixture.record(try facts ?? Studio.facts())
        let token = try await fixture.token(organization: organization, scopes: scopes)
        try await Application(router: fixture.router(failure: failure)).test(.router) { client in
            try await body(Visit(client: client, token: token), fixture)
        }
    }

    /// Every page of the console that the facts lead to.
    private static func pages(_ facts: [Fact]) -> [String] {
        var paths = [
            "/", "/emails", "/emails?q=status:bounced", "/collections", "/reminders", "/emails/" + "x",
            ConsoleLink.emails(SearchQuery(Studio.hostileText)), ConsoleLink.collection(Studio.hostileText),
            ConsoleLink.collection("Smith wedding"), "/sign-in?next=%22%3E%3Cscript%3E",
        ]
        for fact in facts {
            guard case .mailingAccepted(let accepted) = fact.body else { continue }
            paths.append(ConsoleLink.email(accepted.mailing))
            for recipient in accepted.recipients.prefix(3) {
                paths.append(
                    "/emails/\(accepted.mailing)?recipient=\(recipient.delivery)&asked=cancel&images=1&show=bounced&page=2")
            }
        }
        return paths
    }

    @Test("nothing from outside becomes markup, on any page")
    func hostile() async throws {
        let facts = try Studio.facts()
        try await visit(facts: facts) { visit, _ in
            for path in Self.pages(facts) {
                let page = try await visit.get(path).text
                for forbidden in ["<script>", "<img src=x", "onerror=alert(1)\"", "\u{0}", "\u{1B}", "=\"\"'>"] {
                    #expect(!page.contains(forbidden), "\(forbidden.debugDescription) on \(path)")
                }
                let tags = page.matches(of: /<script[^>]*>/).map { String($0.0) }
                #expect(tags == ["<script src=\"\(ConsoleAsset.script.path)\" defer>"], "\(path)")
                #expect(page.matches(of: /\son[a-z]+=/).allSatisfy { !page[..<$0.range.lowerBound].hasSuffix("\"") }, "\(path)")
                #expect(!page.contains(" style=\""), "inline style on \(path)")
            }
        }
    }

    @Test("every page forbids what it does not need, is never cached, and weighs less than 60 KB")
    func headers() async throws {
        let facts = try Studio.facts() + Studio.campaign(to: 150).facts
        try await visit(facts: facts) { visit, _ in
            for path in Self.pages(facts) {
                let response = try await visit.get(path)
                #expect(response.headers[.contentSecurityPolicy] == ConsoleFrame.policy)
                #expect(response.headers[.xContentTypeOptions] == "nosniff")
                #expect(response.headers[.cacheControl] == "no-store")
                #expect(response.body.readableBytes < 60_000, "\(path) weighs \(response.body.readableBytes)")
            }
            #expect(!ConsoleFrame.policy.contains("unsafe"))
            let styles = try await visit.get(ConsoleAsset.style.path)
            #expect(styles.headers[.cacheControl] == "public, max-age=31536000, immutable")
            #expect(ConsoleAsset.all.map(\.text.utf8.count).reduce(0, +) < 40_000)
        }
    }

    @Test("a full page of long mailings weighs less than 60 KB")
    func heavy() async throws {
        var facts: [Fact] = []
        for index in 0..<60 {
            var mailing = try ConsoleFacts(
                "heavy \(index)", subject: "\(index) " + Studio.long, kind: "campaign", collection: Studio.long,
                to: [
                    .init(address: "\(index).bartholomew.maximilian@long.example.org", name: Studio.long), .init(address: "b@c.d"),
                ],
                at: ConsoleFixture.now - .seconds(60 * index))
            mailing.delivered(0)
            facts += mailing.facts
        }
        try await visit(facts: facts) { visit, _ in
            let page = try await visit.get("/emails")
            #expect(page.body.readableBytes < 60_000, "it weighs \(page.body.readableBytes)")
            #expect(page.text.matches(of: /class="row"/).count == EmailListView.rowsPerPage)
            let next = try #require(page.text.firstMatch(of: /rel="next" href="([^"]+)"/)?.1)
            let second = try await visit.get(String(next))
            #expect(second.text.matches(of: /class="row"/).count == 60 - EmailListView.rowsPerPage)
        }
    }

    @Test("a delivery with a thousand opens and long logs still makes a light page")
    func longStory() async throws {
        var mailing = try ConsoleFacts(
            "long", subject: "Long", to: [.init(address: "a@b.c")], at: ConsoleFixture.now - .seconds(90_000))
        for attempt in 1...20 {
            mailing.deferred(0, attempt: attempt, after: .seconds(attempt * 60))
        }
        mailing.delivered(0, attempt: 21, after: .seconds(2000))
        for index in 0..<400 { mailing.opened(0, by: Agents.phone, after: .seconds(3000 + index)) }
        try await visit(facts: mailing.facts) { [mailing] visit, _ in
            let page = try await visit.get(ConsoleLink.email(mailing.mailing))
            #expect(page.body.readableBytes < 60_000, "it weighs \(page.body.readableBytes)")
            #expect(page.text.contains("380 more views and clicks"))
            #expect(page.text.contains("400 views"))
        }
    }

    // MARK: - What is told

    @Test("the overview names what needs someone first, and says nothing where nothing does")
    func overview() async throws {
        try await visit { visit, _ in
            let page = try await visit.get("/").text
            let needs = try #require(page.range(of: "emails need someone"))
            let latest = try #require(page.range(of: "Latest emails"))
            #expect(needs.lowerBound < latest.lowerBound)
        }
        try await visit(facts: []) { visit, _ in
            let page = try await visit.get("/").text
            #expect(!page.contains("need someone"))
            #expect(page.contains("No emails yet"))
        }
    }

    @Test("each list says when it is empty what will be there")
    func empty() async throws {
        try await visit(facts: []) { visit, _ in
            for (path, words) in [
                ("/emails", "No emails yet"), ("/emails?q=zzz", "No emails match"), ("/collections", "No collections yet"),
                ("/reminders", "Nothing is planned"),
            ] {
                let response = try await visit.get(path)
                #expect(response.status == .ok)
                #expect(response.text.contains(words), "\(path)")
            }
        }
    }

    @Test("the list shows 90 days, a day that is named goes further back, and the file holds all")
    func window() async throws {
        try await visit { visit, _ in
            let old = "From a hundred days ago"
            #expect(try await visit.get("/emails").text.contains(old) == false)
            #expect(try await visit.get("/emails?q=before:2026-09-01").text.contains(old))
            let file = try await visit.get("/emails.csv")
            #expect(file.text.contains(old))
            #expect(file.headers[.contentType]?.hasPrefix("text/csv") == true)
            #expect(try await visit.get("/emails.csv?q=to:bob@example.org").text.split(separator: "\r\n").count == 2)
        }
    }

    @Test(
        "a refusal reads as a colleague would say it",
        arguments: [
            ("Contract", ["The recipient&#39;s mailbox is full.", "We keep trying until", "Wednesday 25 Nov, 09:00"]),
            (
                "Gallery",
                [
                    "If they cannot find it, ask them to look in the junk folder", "2 views", "1 more by programs",
                    "Your photos, Ann",
                ]
            ),
            ("Uncertain", ["It may have arrived", "It arrived…", "Send again…"]),
            ("Waiting", ["It has not left yet", "Cancel sending…"]),
            ("Dropped", ["the recipient has unsubscribed", "Unsubscribed on 3 May 2026."]),
            ("Plain", ["Untracked"]),
        ])
    func words(name: String, expected: [String]) async throws {
        let facts = try Studio.facts()
        try await visit(facts: facts) { visit, _ in
            let page = try await visit.get(ConsoleLink.email(try #require(mailing(named: name, in: facts)))).text
            for words in expected { #expect(page.contains(words), "\(words)") }
        }
    }

    @Test("a page that has not changed is not sent again to a page that is open")
    func unchanged() async throws {
        try await visit { visit, fixture in
            let page = try await visit.get("/emails").text
            let version = try #require(page.firstMatch(of: /data-version="([0-9a-f]+)"/)?.1)
            let again = try await visit.get("/emails", headers: [.ifNoneMatch: "\"\(version)\""])
            #expect(again.status == .notModified)
            #expect(again.body.readableBytes == 0)
            try await fixture.record(
                try ConsoleFacts("new", subject: "New", to: [.init(address: "a@b.c")], at: ConsoleFixture.now).facts)
            #expect(try await visit.get("/emails", headers: [.ifNoneMatch: "\"\(version)\""]).status == .ok)
        }
    }

    // MARK: - The letter

    @Test("the letter stands in a sandbox that forbids all but its own style, with the recipient's own words")
    func letter() async throws {
        let facts = try Studio.facts()
        try await visit(facts: facts) { visit, _ in
            let id = try #require(mailing(named: "Gallery", in: facts))
            let page = try await visit.get(ConsoleLink.email(id)).text
            #expect(page.contains("<iframe class=\"frame\" sandbox loading"))
            let source = try #require(page.firstMatch(of: /src="(\/emails\/[^"]+\/body[^"]*)"/)?.1)
            let body = try await visit.get(String(source.replacing("&amp;", with: "&")))
            let policy = try #require(body.headers[.contentSecurityPolicy])
            #expect(policy.contains("default-src 'none'") && policy.contains("; sandbox;") && policy.contains("img-src data:;"))
            #expect(body.text.contains("Your photos, Ann"))
            #expect(!body.text.contains("/o/") && !body.text.contains("/c/"))
            let withImages = try await visit.get(ConsoleLink.body(of: id, for: nil, images: true))
            #expect(withImages.headers[.contentSecurityPolicy]?.contains("img-src data: https: http:") == true)
            #expect(HTTPField.Name("Referrer-Policy").flatMap { withImages.headers[$0] } == "no-referrer")
        }
    }

    private func mailing(named name: String, in facts: [Fact]) -> MailingID? {
        for fact in facts {
            if case .mailingAccepted(let accepted) = fact.body, accepted.name == name { return accepted.mailing }
        }
        return nil
    }
}
