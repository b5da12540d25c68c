import Broker
import Foundation
import Logging
import Mail
import Runtime
import Support
import Synchronization
import Testing

extension EndToEnd {
    /// What a hostile or careless client sends to the running services.
    @Suite("Bad input")
    struct BadInputTests {
        @Test("every bad submission is refused with a reason, and the next good one is accepted")
        func submissions() async throws {
            try await Installation.with { waybill in
                try waybill.start("scheduler")
                try await waybill.ready("scheduler")
                let good = Mailings.simple(to: ["ann@example.net"])
                func post(_ body: Data, token: String?, type: String = "application/json") async throws -> HTTP.Answer {
                    try await HTTP.send(
                        "POST", waybill.scheduler + "/v1/mailings", token: token, body: body, headers: ["Content-Type": type])
                }
                func json(_ change: [String: Any]) throws -> Data {
                    try JSONSerialization.data(withJSONObject: good.merging(change) { $1 })
                }
                let token = try await waybill.token()
                let cases: [(name: String, body: Data, status: ClosedRange<Int>, says: String)] = [
                    ("malformed JSON", Data("{\"kind\": ".utf8), 400...400, "JSON"),
                    ("empty body", Data(), 400...400, "JSON"),
                    ("wrong type", try json(["subject": 7]), 422...422, "/subject"),
                    ("unknown field", try json(["subjekt": "x"]), 422...422, "subjekt"),
                    (
                        "10,000 recipients", try json(Mailings.simple(to: (1...10_000).map { "a\($0)@example.net" })), 422...422,
                        "150"
                    ),
                    ("no recipients", try json(["recipients": [[String: Any]]()]), 422...422, "/recipients"),
                    ("line break in the subject", try json(["subject": "Hi\r\nBcc: x@example.com"]), 422...422, "/subject"),
                    (
                        "line break in the sender's name", try json(["from": ["address": "a@example.com", "name": "A\nB"]]),
                        422...422,
                        "/from/name"
                    ),
                    (
                        "a sender that is no address", try json(["from": ["address": "a@b>\r\nRCPT TO:<x@y"]]), 422...422,
                        "/from/address"
                    ),
                    ("an instant that is none", try json(["sendAt": "tomorrow"]), 422...422, "/sendAt"),
                    (
                        "deep nesting",
                        Data((String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)).utf8),
                        400...422, "nested"
                    ),
                ]
                for (name, body, status, says) in cases {
                    let answer = try await post(body, token: token)
                    #expect(status.contains(answer.status), "\(name): \(answer.status) \(answer.text)")
                    #expect(answer.headers["content-type"]?.contains("application/problem+json") == true, "\(name)")
                    #expect(answer.text.contains(says), "\(name): \(answer.text)")
                }
                let large = try await post(Data(repeating: UInt8(ascii: " "), count: 30 << 20), token: token)
                #expect(large.status == 413)
                #expect(try await post(json([:]), token: nil).status == 401)
                #expect(try await post(json([:]), token: String(token.dropLast(2)) + "xx").status == 401)
                // A token of a year ago that was good for a day.
                let old = try await APITokens(secret: Installation.secret).issue(
                    Principal(organization: "demo", subject: "old", scopes: [.send]), validFor: .seconds(86_400),
                    at: TimeSource.system.now() - .seconds(365 * 86_400))
                let expired = try await post(json([:]), token: old)
                #expect(expired.status == 401)
                #expect(expired.text.contains("expired"))
                let unknown = try await HTTP.send(
                    "GET", waybill.scheduler + "/v1/mailings/\(MailingID.derived(from: "none"))", token: token)
                #expect(unknown.status == 404)
                #expect(try await post(json([:]), token: token).status == 202)
            }
        }

        @Test("a recipient whose address is no address fails alone")
        func invalidRecipient() async throws {
            try await Installation.with { waybill in
                try await waybill.startAll()
                let accepted = try await waybill.submit(Mailings.simple(to: ["bob@", "ann@example.net"]))
                #expect(accepted.status == 202, "\(accepted.text)")
                let id = try #require(accepted.object["id"] as? String)
                try await eventually(within: .seconds(30), "one failed, one delivered") {
                    try await waybill.states(of: id) == ["delivered": 1, "failed": 1]
                }
            }
        }

        @Test("messages that cannot be read are put aside with a reason, and the good ones behind them are dealt with")
        func poison() async throws {
            try await Installation.with { waybill in
                try await waybill.startAll()
                let address = try BrokerAddress(waybill.brokerURL)
                let publisher = Publisher(to: address, app: "test", logger: Logger(label: "test"))
                let dead = Consumer(from: Names.deadLetters, at: address, prefetch: 100, app: "test", logger: Logger(label: "test"))
                let services = Task { try await publisher.run() }
                defer { services.cancel() }
                func message(_ type: String, _ body: Data, version: Int? = Wire.version) -> Message {
                    var message = Message(
                        id: .derived(from: type, "\(body.count)", "\(version ?? 0)"), type: type, app: "test", timestamp: nil,
                        body: body)
                    message.version = version
                    return message
                }
                let nested = Data((String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)).utf8)
                let poison: [(exchange: String, key: String, message: Message)] = [
                    (Names.facts, "attempt.delivered", message("attempt.delivered", Data())),
                    (Names.facts, "message.opened", message("message.opened", Data("{".utf8))),
                    (Names.facts, "message.opened", message("message.opened", nested)),
                    (Names.facts, "message.opened", message("message.opened", Data("[]".utf8), version: 99)),
                    (Names.facts, "no.such.fact", message("no.such.fact", Data("[]".utf8))),
                    (Names.facts, "message.opened", message("message.opened", Data(count: 50 << 20))),
                    (Names.commands, "mailing.submit", message("mailing.submit", Data("7".utf8))),
                    (Names.commands, "collection.put", message("collection.put", nested)),
                    (Names.commands, "ticket", message("ticket", Data("\"x\"".utf8))),
                ]
                for (exchange, key, message) in poison { try await publisher.publish(message, to: exchange, routingKey: key) }

                let accepted = try await waybill.submit(Mailings.simple(to: ["ann@example.net"]))
                let id = try #require(accepted.object["id"] as? String)
                try await eventually(within: .seconds(60), "good mail goes on") {
                    try await waybill.states(of: id) == ["delivered": 1]
                }
                // The first fact is read by two services; both put it aside. What is too large to be read at all is turned away by
                // the broker itself, with the reason in its `x-death`, and is too large for this reader too.
                try await eventually(within: .seconds(30), "all of it is in the dead letters") {
                    await publisher.depth(of: Names.deadLetters) == poison.count + 1
                }
                let letters = Mutex<[Message]>([])
                let reader = Task {
                    for await batch in dead.batches {
                        letters.withLock { $0 += batch.map(\.message) }
                        for incoming in batch { incoming.ack() }
                    }
                }
                let reading = Task { try await dead.run() }
                defer {
                    reader.cancel()
                    reading.cancel()
                }
                try await eventually(within: .seconds(30), "all that can be read is read") {
                    letters.withLock(\.count) == poison.count
                }
                #expect(
                    letters.withLock { $0 }.allSatisfy { letter in
                        letter.headers.contains { $0.key.contains("reason") && !$0.value.isEmpty }
                    })
            }
        }
    }
}
