import Foundation
import MIME
import Mail
import Support
import Testing

extension EndToEnd {
    /// The README's story, with the real programs: submit, watch, open, click, be reminded.
    @Suite("The main job")
    struct StoryTests {
        /// The example that the README submits.
        static func invite() throws -> [String: Any] {
            let data = try Data(contentsOf: Repository.root.appending(path: "compose/examples/invite.json"))
            return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        }

        @Test("a mailing goes out through the sandbox, is read and clicked, and the history says so")
        func sandbox() async throws {
            try await Installation.with { waybill in
                try await waybill.startAll()

                let accepted = try await waybill.submit(try Self.invite())
                #expect(accepted.status == 202, "\(accepted.text)")
                let id = try #require(accepted.object["id"] as? String)
                let deliveries = try #require(accepted.object["deliveries"] as? [[String: Any]])
                #expect(
                    deliveries.map { $0["address"] as? String } == ["ann@example.net", "bob@example.net", "studio@example.com"])
                #expect(deliveries.allSatisfy { $0["state"] as? String == "pending" })
                try await eventually(within: .seconds(30), "all three are delivered") {
                    try await waybill.states(of: id) == ["delivered": 3]
                }

                let letter = try await Self.letter(to: "ann@example.net", in: waybill)
                let html = try #require(letter.html)
                let pixel = try #require(Self.firstURL(in: html, under: waybill.publicFront + "/o/"))
                let links = Self.urls(in: html, under: waybill.publicFront + "/c/")
                #expect(links.count == 3)

                let image = try await HTTP.get(
                    pixel, headers: ["User-Agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Thunderbird/128.0"])
                #expect(image.status == 200)
                #expect(image.headers["content-type"] == "image/gif")
                #expect(image.headers["cache-control"]?.contains("no-store") == true)
                let click = try await HTTP.get(links[1], headers: ["User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/133.0"])
                #expect((300...399).contains(click.status))
                #expect(click.headers["location"] == "https://example.com/gallery/smith-wedding?from=mail&view=all")

                try await eventually(within: .seconds(15), "the history knows of the reading and the click") {
                    let mailing = try await waybill.mailing(id).object
                    let ann = (mailing["deliveries"] as? [[String: Any]])?.first { $0["address"] as? String == "ann@example.net" }
                    let views = ann?["views"] as? [String: Any]
                    let clicks = ann?["clicks"] as? [String: Any]
                    return (views?["count"] as? Int ?? 0) >= 1 && clicks?["count"] as? Int == 1
                }
                let mailing = try await waybill.mailing(id).object
                #expect((mailing["opens"] as? [String: Int])?["people"] == 1)
                #expect((mailing["clicks"] as? [String: Int])?["people"] == 1)
                let bob = (mailing["deliveries"] as? [[String: Any]])?.first { $0["address"] as? String == "bob@example.net" }
                #expect((bob?["views"] as? [String: Any])?["count"] as? Int == 0, "nobody else's mail counts as read")

                // The CSV of the list, and another organization sees nothing.
                let csv = try await HTTP.send("GET", waybill.tracker + "/v1/reports/emails.csv", token: try await waybill.token())
                #expect(csv.text.contains("Smith wedding gallery"))
                #expect(try await waybill.mailing(id, organization: "other").status == 404)
            }
        }

        @Test("a reminder that falls due goes out by itself and stands in its collection's history")
        func reminder() async throws {
            try await Installation.with { waybill in
                try await waybill.startAll()
                // A week before the day that is a week from now: at the next full minute, by the clock in Berlin.
                let due = Date().addingTimeInterval(65)
                let berlin = DateFormatter()
                berlin.locale = Locale(identifier: "en_US_POSIX")
                berlin.timeZone = TimeZone(identifier: "Europe/Berlin")
                berlin.dateFormat = "HH:mm"
                let minute = berlin.string(from: due)
                berlin.dateFormat = "yyyy-MM-dd"
                let today = try #require(CivilDate(berlin.string(from: due)))
                let expires = today.adding(days: 7).description
                var document = try #require(
                    try JSONSerialization.jsonObject(
                        with: Data(contentsOf: Repository.root.appending(path: "compose/examples/collection.json")))
                        as? [String: Any])
                document["expiresOn"] = expires
                document["reminders"] = [["daysBefore": 7, "at": minute] as [String: Any]]
                let put = try await HTTP.send(
                    "PUT", waybill.reminder + "/v1/collections/smith-wedding", token: try await waybill.token(),
                    json: document)
                #expect([200, 201].contains(put.status), "\(put.text)")

                try await eventually(within: .seconds(90), "both reminders are delivered and in the collection's history") {
                    let rows = try await Self.history(of: "smith-wedding", in: waybill)
                    return rows.count == 2
                        && rows.allSatisfy {
                            $0["kind"] as? String == "reminder" && ($0["states"] as? [String: Int])?["delivered"] == 1
                        }
                }
                let letter = try await Self.letter(to: "bob@example.net", in: waybill)
                #expect(letter.subject == "Smith wedding closes on \(expires)")
                #expect(letter.html?.contains("Smith wedding") == true)
                #expect(try await Self.history(of: "other", in: waybill).isEmpty)
            }
        }

        @Test("the example's HTML file is what the example's JSON submits")
        func example() throws {
            let html = try String(contentsOf: Repository.root.appending(path: "compose/examples/invite.html"), encoding: .utf8)
            #expect(try Self.invite()["html"] as? String == html)
        }

        // MARK: What the recipient has

        /// The newest letter in the sandbox to an address.
        static func letter(to address: String, in waybill: Installation) async throws -> ReadMessage {
            let listed = try await HTTP.get(waybill.inbox + "/inbox.json?to=\(address)")
            let items = try #require((listed.object["messages"] ?? listed.object["items"]) as? [[String: Any]], "\(listed.text)")
            let raw = try #require(items.first?["raw"] as? String, "\(listed.text)")
            return try ReadMessage(Array(try await HTTP.get(waybill.inbox + raw).body))
        }

        static func urls(in html: String, under prefix: String) -> [String] {
            html.components(separatedBy: prefix).dropFirst().map { rest in
                prefix + rest.prefix { !"\"'<> ".contains($0) }
            }
        }

        static func firstURL(in html: String, under prefix: String) -> String? { urls(in: html, under: prefix).first }

        static func history(of collection: String, in waybill: Installation) async throws -> [[String: Any]] {
            let answer = try await HTTP.send(
                "GET", waybill.tracker + "/v1/history?collection=\(collection)", token: try await waybill.token())
            return answer.object["items"] as? [[String: Any]] ?? []
        }
    }
}

/// Where this package is.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
