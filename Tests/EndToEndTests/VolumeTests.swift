import Foundation
import MIME
import Mail
import Support
import Testing

extension EndToEnd {
    /// Many recipients through a real relay, every figure compared with what the SMTP server received.
    @Suite("Through a relay")
    struct VolumeTests {
        @Test("150 recipients: the history's figures are the SMTP server's and the readers'")
        func hundredAndFifty() async throws {
            let smtp = try await ScriptedSMTPServer.start()
            try await Installation.with(settings: ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(smtp.port)?tls=off"], senders: 2) {
                waybill in
                try await waybill.startAll()
                try waybill.start("sender-2")
                try await waybill.ready("sender-2")

                let addresses = (1...150).map { "guest\($0)@example.net" }
                let accepted = try await waybill.submit(Mailings.simple(to: addresses))
                #expect(accepted.status == 202, "\(accepted.text)")
                let id = try #require(accepted.object["id"] as? String)
                try await eventually(within: .seconds(60), "all are delivered") {
                    try await waybill.states(of: id) == ["delivered": 150]
                }

                let received = smtp.received
                #expect(received.count == 150)
                #expect(Set(received.flatMap(\.recipients)) == Set(addresses))
                let letters = try received.map { try ReadMessage($0.bytes) }
                #expect(Set(letters.map(\.messageID)).count == 150, "every delivery has a Message-ID of its own")

                // Every third reads, every sixth clicks.
                for (index, letter) in letters.enumerated() where index % 3 == 0 {
                    let html = try #require(letter.html)
                    let pixel = try #require(EndToEnd.StoryTests.firstURL(in: html, under: waybill.publicFront + "/o/"))
                    #expect(try await HTTP.get(pixel, headers: Mailings.reader).status == 200)
                    if index % 6 == 0 {
                        let link = try #require(EndToEnd.StoryTests.firstURL(in: html, under: waybill.publicFront + "/c/"))
                        #expect(
                            try await HTTP.get(link, headers: Mailings.reader).headers["location"]
                                == "https://example.com/a?b=1&c=2")
                    }
                }
                try await eventually(within: .seconds(30), "50 opened and 25 clicked") {
                    let mailing = try await waybill.mailing(id).object
                    return (mailing["opens"] as? [String: Int])?["all"] == 50
                        && (mailing["clicks"] as? [String: Int])?["people"] == 25
                }
                // The sum: every recipient is in exactly one state.
                let states = try await waybill.states(of: id)
                #expect(states.values.reduce(0, +) == 150)
                await smtp.stop()
            }
        }

        @Test("151 recipients are refused whole, and nothing is queued")
        func hundredAndFiftyOne() async throws {
            try await Installation.with { waybill in
                for name in ["scheduler", "tracker"] { try waybill.start(name) }
                for name in ["scheduler", "tracker"] { try await waybill.ready(name) }
                let answer = try await waybill.submit(Mailings.simple(to: (1...151).map { "guest\($0)@example.net" }))
                #expect(answer.status == 422)
                #expect(answer.text.contains("150"))
                let history = try await HTTP.send("GET", waybill.tracker + "/v1/history", token: try await waybill.token())
                #expect((history.object["items"] as? [Any])?.isEmpty == true)
            }
        }

        @Test("with no sender mail stays pending; what is cancelled then never leaves")
        func cancelBeforeSend() async throws {
            let smtp = try await ScriptedSMTPServer.start()
            try await Installation.with(settings: ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(smtp.port)?tls=off"]) { waybill in
                for name in ["scheduler", "tracker"] { try waybill.start(name) }
                for name in ["scheduler", "tracker"] { try await waybill.ready(name) }

                let now = try await waybill.submit(Mailings.simple(to: ["ann@example.net", "bob@example.net"]))
                let later = try await waybill.submit(
                    Mailings.simple(to: ["eve@example.net"]).merging(["sendAt": "2099-01-01T09:00:00[Europe/Berlin]"]) { $1 })
                let first = try #require(now.object["id"] as? String)
                let second = try #require(later.object["id"] as? String, "\(later.text)")
                try await eventually(within: .seconds(15), "the history shows them waiting") {
                    let waiting = try await waybill.states(of: first)
                    let scheduled = try await waybill.states(of: second)
                    return waiting == ["pending": 2] && scheduled == ["scheduled": 1]
                }
                let ann = try #require((now.object["deliveries"] as? [[String: Any]])?[0]["id"] as? String)
                let one = try await HTTP.send(
                    "POST", waybill.scheduler + "/v1/deliveries/\(ann)/cancel", token: try await waybill.token())
                #expect(one.status == 200, "\(one.text)")
                let whole = try await HTTP.send(
                    "POST", waybill.scheduler + "/v1/mailings/\(second)/cancel", token: try await waybill.token())
                #expect(whole.status == 200, "\(whole.text)")

                try waybill.start("sender-1")
                try await eventually(within: .seconds(30), "Bob's is delivered and the others are cancelled") {
                    let mixed = try await waybill.states(of: first)
                    let cancelled = try await waybill.states(of: second)
                    return mixed == ["delivered": 1, "cancelled": 1] && cancelled == ["cancelled": 1]
                }
                #expect(smtp.received.flatMap(\.recipients) == ["bob@example.net"])
                let tooLate = try #require((now.object["deliveries"] as? [[String: Any]])?[1]["id"] as? String)
                let refused = try await HTTP.send(
                    "POST", waybill.scheduler + "/v1/deliveries/\(tooLate)/cancel", token: try await waybill.token())
                #expect(refused.status == 409)
                await smtp.stop()
            }
        }
    }
}

/// Mailings and readers that tests share.
enum Mailings {
    static func simple(to addresses: [String], subject: String = "Hello {{name}}") -> [String: Any] {
        [
            "kind": "update", "name": "News", "subject": subject, "from": ["address": "studio@example.com", "name": "Studio"],
            "html": "<html><body><p>Dear {{name}}</p><a href=\"https://example.com/a?b=1&amp;c=2\">Look</a></body></html>",
            "audience": "mass",
            "recipients": addresses.map {
                ["address": $0, "variables": ["name": $0.prefix { $0 != "@" }.description]] as [String: Any]
            },
        ]
    }

    static let reader = ["User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.4.0"]
}

extension ReadMessage {
    /// As it stands in the header; empty where there is none.
    var messageID: String { headers.first { $0.name.lowercased() == "message-id" }?.value ?? "" }
}
