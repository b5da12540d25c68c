import Foundation
import SMTP
import Support
import Testing

@testable import Sender

@Suite("Failover is safe", .timeLimit(.minutes(5)))
struct FailoverSafetyTests {
    /// Does something wrong now and then, at every stage.
    private static func unreliable() -> ScriptedSMTPServer.Script {
        var script = ScriptedSMTPServer.Script()
        let stages: [SMTPStage] = [.greeting, .hello, .mail, .recipient, .data, .message, .dot]
        let faults: [ScriptedSMTPServer.Action] = [
            .drop, .reset, .reply("421 4.3.2 Bye"), .reply("451 4.3.0 Later"), .raw(Array("25".utf8)), .reply("nonsense"), .hang,
            .both(.raw(Array("250 o".utf8)), .drop),
        ]
        for stage in stages {
            for fault in faults {
                // Having answered in the middle of a message, it reads no further: what it said is not the answer to the end.
                let action = stage == .message ? .both(fault, .hang) : fault
                script = script.when(action) { $0.stage == stage && Int.random(in: 0..<400) == 0 }
            }
        }
        for fault in [ScriptedSMTPServer.Action.drop, .reset, .raw(Array("25".utf8)), .reply("451 4.3.0 Or not"), .hang] {
            script = script.when(.keeping(fault)) { $0.stage == .dot && Int.random(in: 0..<200) == 0 }
        }
        return script
    }

    @Test("among relays that fail at random nothing is lost and nothing goes out twice unless it is said that it may have")
    func random() async throws {
        var relays: [ScriptedSMTPServer] = []
        for _ in 0..<3 { relays.append(try await ScriptedSMTPServer.start(Self.unreliable())) }
        let environment = TransportRig.relays(relays).merging(
            ["WAYBILL_SMTP_TIMEOUT": "1", "WAYBILL_SMTP_CONNECTIONS": "24"]) { $1 }
        let count = 2000
        let summaries = try await TransportRig.with(environment) { transport in
            await withTaskGroup(of: (Int, String).self) { group in
                for number in 0..<count {
                    group.addTask { (number, await transport.deliver(to: "ann@example.net", number: number).summary) }
                }
                return await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
            }
        }
        var copies: [String: Int] = [:]
        for message in relays.flatMap(\.received) {
            copies[String(String(decoding: message.bytes, as: UTF8.self).prefix { $0 != "\r\n" }), default: 0] += 1
        }
        var uncertain = 0
        for (number, summary) in summaries {
            let taken = copies["Subject: number \(number)", default: 0]
            switch summary {
            case "accepted": #expect(taken == 1, "number \(number)")
            case "failed, may have left":
                uncertain += 1
                #expect(taken <= 1, "number \(number)")
            // A server that says 451 and keeps the message all the same is believed, as RFC 5321 wants.
            case "refused 451": #expect(taken <= 1, "number \(number)")
            default: #expect(taken == 0, "number \(number): \(summary)")
            }
        }
        #expect(summaries.count == count)
        #expect(summaries.values.filter { $0 == "accepted" }.count > count / 2)
        #expect(uncertain > 0)
        let tally = Dictionary(grouping: summaries.values) { $0 }.mapValues(\.count)
        print("\(count) messages among relays that fail at random: \(tally)")
        for relay in relays { await relay.stop() }
    }
}
