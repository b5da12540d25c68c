import Foundation
import Mail
import Support
import Testing

extension EndToEnd {
    /// The sandbox's recipients, with the real programs and two senders.
    @Suite("The sandbox behaves like the world")
    struct SandboxWorldTests {
        private static let states = [
            "permfail": "bounced", "tempfail": "delivered", "mailboxfull": "deferred", "slow": "delivered",
            "dropafterdot": "uncertain",
            "bounce-later": "delivered", "complain": "delivered", "auto-reply": "delivered", "opens": "delivered",
            "clicks": "delivered", "scanner": "delivered", "apple": "delivered", "gmail": "delivered",
        ]

        @Test("every recipient ends as it should, reads as it should, and what comes back says which delivery it is about")
        func world() async throws {
            let intake = try await ScriptedSMTPServer.start()
            let settings = [
                "WAYBILL_SANDBOX_PACE": "0", "WAYBILL_BOUNCE_INTAKE": "smtp://127.0.0.1:\(intake.port)", "WAYBILL_RETRY_FIRST": "1",
                "WAYBILL_RETRY_CEILING": "2",
            ]
            try await Installation.with(settings: settings, senders: 2) { waybill in
                try await waybill.startAll()
                try waybill.start("sender-2")
                try await waybill.ready("sender-2")
                let accepted = try await waybill.submit([
                    "kind": "campaign", "subject": "Hello", "from": ["address": "studio@example.com"], "whenUncertain": "hold",
                    "html": "<body><a href=\"https://x.example/1\">one</a> <a href=\"https://x.example/2\">two</a></body>",
                    "recipients": Self.states.keys.sorted().map { ["address": "\($0)@mail.example"] },
                ])
                let id = try #require(accepted.object["id"] as? String, "\(accepted.text)")
                var deliveries: [String: [String: Any]] = [:]
                func count(_ name: String, _ what: String, _ field: String = "count") -> Int {
                    (deliveries[name]?[what] as? [String: Any])?[field] as? Int ?? 0
                }
                try await eventually(within: .seconds(60), "everyone has done what they do") {
                    let mailing = try await waybill.mailing(id).object
                    for delivery in mailing["deliveries"] as? [[String: Any]] ?? [] {
                        let name = (delivery["address"] as? String)?.split(separator: "@").first.map(String.init) ?? ""
                        deliveries[name] = delivery
                    }
                    let found = deliveries.compactMapValues { $0["state"] as? String }
                    // A full mailbox is tried again from time to time.
                    let isSettled = Self.states.allSatisfy { name, state in
                        found[name] == state || (name == "mailboxfull" && ["pending", "sending"].contains(found[name]))
                    }
                    return isSettled && ["opens", "clicks", "scanner", "apple", "gmail"].allSatisfy { count($0, "views") == 1 }
                        && count("clicks", "clicks") == 1 && count("scanner", "clicks") == 2 && intake.count == 3
                }
                for name in ["permfail", "slow", "auto-reply"] { #expect(count(name, "views") == 0 && count(name, "clicks") == 0) }
                #expect(count("scanner", "clicks", "people") == 0, "a machine is no person")
                #expect(count("clicks", "clicks", "people") == 1)

                let keys = try #require(TrackingKeys(secret: Installation.secret))
                let about = intake.received.compactMap { mail in
                    keys.delivery(ofReturnPath: String(mail.recipients.first?.prefix { $0 != "@" } ?? ""))?.description
                }
                let expected = ["auto-reply", "bounce-later", "complain"].compactMap { deliveries[$0]?["id"] as? String }
                #expect(about.sorted() == expected.sorted())

                let delivery = try #require(deliveries["tempfail"]?["id"] as? String)
                let log = try await HTTP.send(
                    "GET", waybill.tracker + "/v1/deliveries/\(delivery)/log", token: try await waybill.token())
                #expect(log.text.matches(of: /RCPT TO:<tempfail@mail.example>/).count == 3, "\(log.text)")
                #expect(log.text.matches(of: /451 4.3.2/).count >= 2, "\(log.text)")
            }
            await intake.stop()
        }
    }
}
