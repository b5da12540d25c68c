import Foundation
import MIME
import SMTP
import Support
import Testing

extension EndToEnd {
    /// The server takes the message and the answer is lost: what the history says, and what people and policies make of it.
    @Suite("Uncertainty")
    struct UncertaintyTests {
        @Test("resend sends again with the same Message-ID and shows it; hold asks people, of whom the first decides")
        func policies() async throws {
            let names = ["resend", "api", "arrived", "again"]
            let smtp = try await ScriptedSMTPServer.start(
                names.reduce(ScriptedSMTPServer.Script()) { script, name in
                    let turns = Counter()
                    return script.when(.keeping(.drop)) { moment in
                        moment.stage == .dot && moment.recipients == ["\(name)@example.net"] && turns.next() == 1
                    }
                })
            try await Installation.with(settings: ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(smtp.port)?tls=off"]) { waybill in
                try await waybill.startAll()
                func submit(_ addresses: [String], _ policy: String) async throws -> [(mailing: String, delivery: String)] {
                    let answer = try await waybill.submit(Mailings.simple(to: addresses).merging(["whenUncertain": policy]) { $1 })
                    let mailing = try #require(answer.object["id"] as? String, "\(answer.text)")
                    let deliveries = try #require(answer.object["deliveries"] as? [[String: Any]])
                    return try deliveries.map { (mailing, try #require($0["id"] as? String)) }
                }
                func copies(_ name: String) -> Int { smtp.received.filter { $0.recipients == ["\(name)@example.net"] }.count }

                // A policy of sending again.
                let resent = try await submit(["resend@example.net"], "resend")[0]
                try await eventually(within: .seconds(30), "it is sent again and delivered") {
                    try await waybill.states(of: resent.mailing) == ["delivered": 1]
                }
                #expect(
                    try await waybill.story(of: resent.delivery).kinds == [
                        "mailing.accepted", "delivery.pending", "attempt.started", "attempt.uncertain", "delivery.pending",
                        "attempt.started", "attempt.delivered",
                    ])
                #expect(copies("resend") == 2)

                // A policy of asking.
                let held = try await submit(["api@example.net", "arrived@example.net", "again@example.net"], "hold")
                let mailing = held[0].mailing
                try await eventually(within: .seconds(30), "all are uncertain") {
                    try await waybill.states(of: mailing) == ["uncertain": 3]
                }

                // Two programs decide at once: one is told that there is nothing to decide.
                let (ann, bob) = (try await waybill.token(of: "ann"), try await waybill.token(of: "bob"))
                let url = waybill.scheduler + "/v1/deliveries/\(held[0].delivery)/resolve"
                async let one = HTTP.send("POST", url, token: ann, json: ["as": "delivered"])
                async let other = HTTP.send("POST", url, token: bob, json: ["as": "resend"])
                #expect(try await [one.status, other.status].sorted() == [200, 409])
                try await eventually(within: .seconds(30), "it is delivered, by decision or again") {
                    try await waybill.story(of: held[0].delivery).state == "delivered"
                }
                #expect(try await waybill.story(of: held[0].delivery).decisions.count == 1)

                // Two people decide at once in the console: both get a page, and one of them has decided.
                for (held, isSame) in [(held[1], true), (held[2], false)] {
                    let doors = [try await Door(waybill, ann), try await Door(waybill, bob)]
                    async let first = doors[0].decide(held, isSame ? "arrived" : "again")
                    async let second = doors[1].decide(held, isSame ? "arrived" : "again")
                    for page in try await [first, second] { #expect(page.status == 200, "\(page.text.prefix(200))") }
                    try await eventually(within: .seconds(30), "the decision counts") {
                        let story = try await waybill.story(of: held.delivery)
                        return story.state == "delivered" && story.decisions.count == 1
                    }
                    let story = try await waybill.story(of: held.delivery)
                    let who = try #require(story.decisions.first)
                    #expect(["ann", "bob"].contains(who))
                    let page = try await doors[0].page(of: held)
                    #expect(page.text.contains(isSame ? "Said to have arrived by" : "To be sent again by"))
                    #expect(page.text.contains("<bdi>\(who)</bdi>"))
                }
                #expect(copies("arrived") == 1 && copies("again") == 2)
                let again = smtp.received.filter { $0.recipients == ["again@example.net"] }
                #expect(Set(try again.map { try ReadMessage($0.bytes).messageID }).count == 1)

                // The log, ready for a ticket.
                let log = try await HTTP.send("GET", waybill.tracker + "/v1/deliveries/\(held[2].delivery)/log", token: ann)
                for words in [
                    "Delivery    \(held[2].delivery)", "Mailing     \(mailing)", "Recipient   again@example.net",
                    "Message-ID  \(try ReadMessage(again[0].bytes).messageID)", "Attempt 1: uncertain", "to be sent again, by ",
                    "Attempt 2: delivered", "> RCPT TO:<again@example.net>", "The message may have left.",
                ] { #expect(log.text.contains(words), "\(words)\n\(log.text)") }
                #expect(!log.text.contains("Dear again"), "the letter itself is no part of the log")
            }
            await smtp.stop()
        }
    }

    /// Someone who is signed in at the console.
    private struct Door {
        private let waybill: Installation
        private let cookie: String

        init(_ waybill: Installation, _ token: String) async throws {
            self.waybill = waybill
            let answer = try await HTTP.send(
                "POST", waybill.tracker + "/sign-in", body: Data("api-token=\(token)".utf8),
                headers: ["Content-Type": "application/x-www-form-urlencoded", "Origin": waybill.tracker])
            let set = try #require(answer.headers["set-cookie"], "\(answer.status) \(answer.text)")
            cookie = String(set.prefix { $0 != ";" })
        }

        func page(of held: (mailing: String, delivery: String)) async throws -> HTTP.Answer {
            try await HTTP.get(
                waybill.tracker + "/emails/\(held.mailing)?recipient=\(held.delivery)", headers: ["Cookie": cookie])
        }

        private static func encoded(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }

        /// Fills in the form of the page and follows where it leads.
        func decide(_ held: (mailing: String, delivery: String), _ choice: String) async throws -> HTTP.Answer {
            let page = try await page(of: held)
            let token = try #require(page.text.firstMatch(of: /name="token" value="([^"]+)"/)?.1)
            let answer = try await HTTP.send(
                "POST", waybill.tracker + "/deliveries/\(held.delivery)/resolve",
                body: Data("token=\(Self.encoded(String(token)))&choice=\(choice)".utf8),
                headers: [
                    "Content-Type": "application/x-www-form-urlencoded", "Origin": waybill.tracker, "Cookie": cookie,
                ])
            #expect(answer.status == 303, "\(answer.text)")
            return try await HTTP.get(waybill.tracker + (answer.headers["location"] ?? ""), headers: ["Cookie": cookie])
        }
    }
}

extension Installation {
    /// What the history says about one delivery.
    struct Story {
        let state: String
        let kinds: [String]
        /// Who decided about it, each time.
        let decisions: [String]
    }

    func story(of delivery: String) async throws -> Story {
        let answer = try await HTTP.send("GET", tracker + "/v1/deliveries/\(delivery)", token: try await token()).object
        let facts = answer["facts"] as? [[String: Any]] ?? []
        return Story(
            state: (answer["delivery"] as? [String: Any])?["state"] as? String ?? "",
            kinds: facts.map { $0["kind"] as? String ?? "" },
            decisions: facts.filter { $0["kind"] as? String == "delivery.resolved" }.map { $0["by"] as? String ?? "" })
    }
}
