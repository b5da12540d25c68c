import Foundation
import MIME
import Support
import Testing

extension EndToEnd {
    /// One click in a mail program, and what it changes.
    @Suite("Unsubscribing")
    struct UnsubscribeTests {
        @Test("one click stops mail to many to that person alone, direct mail still goes, and coming back works")
        func oneClick() async throws {
            try await Installation.with { waybill in
                try await waybill.startAll()
                let campaign = try await submit("mass", in: waybill)
                try await eventually(within: .seconds(30), "both get the first mail") {
                    try await waybill.states(of: campaign) == ["delivered": 2]
                }
                let letter = try await StoryTests.letter(to: "ann@example.net", in: waybill)
                let link = try #require(header("List-Unsubscribe", of: letter)).trimmingCharacters(in: ["<", ">", " "])
                #expect(link.hasPrefix(waybill.publicFront + "/u/"))
                #expect(header("List-Unsubscribe-Post", of: letter) == "List-Unsubscribe=One-Click")

                #expect(try await HTTP.get(link).status == 200, "looking is no harm")
                #expect(try await post(link, "List-Unsubscribe=One-Click") == 200)
                try await eventually(within: .seconds(15), "the history knows who left, through which mail") {
                    try await unsubscribed(through: campaign, in: waybill) == ["ann@example.net"]
                }

                let next = try await submit("mass", in: waybill)
                let direct = try await submit("direct", in: waybill)
                let others = try await submit("mass", in: waybill, organization: "other")
                try await eventually(within: .seconds(30), "the next goes to the other person only, with the reason") {
                    let (mass, plain) = (try await waybill.states(of: next), try await waybill.states(of: direct))
                    return mass == ["delivered": 1, "dropped": 1] && plain == ["delivered": 2]
                }
                let reasons = try await deliveries(of: next, in: waybill).compactMap {
                    ($0["reason"] as? [String: Any])?["code"] as? String
                }
                #expect(reasons == ["unsubscribed"])
                try await eventually(within: .seconds(30), "another organization's mail goes to both") {
                    let states = try await waybill.mailing(others, organization: "other").object["states"] as? [String: Int]
                    return states?["delivered"] == 2
                }

                #expect(try await post(link, "choice=resubscribe") == 200)
                try await eventually(within: .seconds(15), "the history knows that they are back") {
                    try await unsubscribed(through: campaign, in: waybill).isEmpty
                }
                let last = try await submit("mass", in: waybill)
                try await eventually(within: .seconds(30), "both get mail again") {
                    try await waybill.states(of: last) == ["delivered": 2]
                }
                let ann = try #require(
                    try await deliveries(of: campaign, in: waybill).first { $0["address"] as? String == "ann@example.net" })
                let timeline = try await HTTP.send(
                    "GET", waybill.tracker + "/v1/deliveries/\(try #require(ann["id"] as? String))",
                    token: try await waybill.token())
                let kinds = (timeline.object["facts"] as? [[String: Any]])?.compactMap { $0["kind"] as? String } ?? []
                #expect(kinds.suffix(2) == ["contact.unsubscribed", "contact.resubscribed"])
            }
        }

        private func submit(_ audience: String, in waybill: Installation, organization: String = "demo") async throws -> String {
            let accepted = try await waybill.submit(
                [
                    "kind": "campaign", "subject": "News", "from": ["address": "studio@example.com"], "text": "Hello.",
                    "audience": audience, "recipients": [["address": "ann@example.net"], ["address": "bob@example.net"]],
                ], organization: organization)
            return try #require(accepted.object["id"] as? String, "\(accepted.text)")
        }

        private func post(_ link: String, _ body: String) async throws -> Int {
            try await HTTP.send(
                "POST", link, body: Data(body.utf8), headers: ["Content-Type": "application/x-www-form-urlencoded"]
            ).status
        }

        private func header(_ name: String, of letter: ReadMessage) -> String? {
            letter.headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        private func deliveries(of mailing: String, in waybill: Installation) async throws -> [[String: Any]] {
            try await waybill.mailing(mailing).object["deliveries"] as? [[String: Any]] ?? []
        }

        private func unsubscribed(through mailing: String, in waybill: Installation) async throws -> [String] {
            try await deliveries(of: mailing, in: waybill).filter { $0["unsubscribedAt"] is String }
                .compactMap { $0["address"] as? String }
        }
    }
}
