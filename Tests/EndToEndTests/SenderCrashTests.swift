import Foundation
import MIME
import SMTP
import Support
import Testing

extension EndToEnd {
    /// A sender is ended at every step of an attempt, of its stopping and of the recovery of another.
    @Suite("Crashes of a sender")
    struct SenderCrashTests {
        @Test("wherever a sender dies: nothing is lost, no second copy is silent, and the history says what is true")
        func everywhere() async throws {
            let smtp = try await ScriptedSMTPServer.start()
            try await Installation.with(
                settings: [
                    "WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(smtp.port)?tls=off", "WAYBILL_RETRY_FIRST": "1",

                ], senders: 1
            ) { waybill in
                for name in ["scheduler", "tracker"] { try waybill.start(name) }
                for name in ["scheduler", "tracker"] { try await waybill.ready(name) }
                var number = 0
                for point in CrashPoint.all {
                    for answer in point.answers {
                        number += 1
                        try await Self.crash(at: point, answer, number, waybill, smtp)
                    }
                }
                print("\(number) crashes: 0 lost, every second copy shown as uncertain")
            }
            await smtp.stop()
        }

        private static func crash(
            at point: CrashPoint, _ answer: CrashPoint.Answer, _ number: Int, _ waybill: Installation, _ smtp: ScriptedSMTPServer
        ) async throws {
            let address = "c\(number)@example.net"
            let folder = waybill.folder.appending(path: "sender-\(number)")
            let usual = script(answer, to: address)
            smtp.script = usual

            let accepted = try await waybill.submit(
                Mailings.simple(to: [address]).merging(["whenUncertain": point.isHeld ? "hold" : "resend"]) { $1 })
            let id = try #require((accepted.object["deliveries"] as? [[String: Any]])?[0]["id"] as? String, "\(accepted.text)")
            let expected = point.facts(when: answer)

            for (turn, end) in point.ends.enumerated() {
                let victim = Victim(end, folder: folder)
                smtp.script = victim.script(usual)
                let tap = try await victim.start(brokerPort: brokerPort(of: waybill)) { port, tracer in
                    try waybill.start(
                        "sender-1",
                        changes: [
                            "WAYBILL_DATA": folder.path,
                            "WAYBILL_AMQP_URL": waybill.brokerURL.replacing(":\(brokerPort(of: waybill))/", with: ":\(port)/"),
                        ], under: tracer)
                }
                defer { tap.stop() }
                if point.isStopping, turn == 0 {
                    try await eventually(within: .seconds(60), "\(point.name), \(answer): the outcome") {
                        try await history(of: id, waybill) == expected
                    }
                    victim.process?.signal(SIGTERM)
                }
                try await eventually(within: .seconds(60), "\(point.name), \(answer): sender \(turn + 1) has been ended") {
                    victim.process?.isRunning == false
                }
                #expect(victim.process?.status == 128 + SIGKILL, "\(point.name), \(answer)")
            }

            smtp.script = usual
            try waybill.start("sender-1", changes: ["WAYBILL_DATA": folder.path])
            do {
                try await eventually(within: .seconds(60), "\(point.name), \(answer): \(expected)") {
                    try await history(of: id, waybill) == expected
                }
            } catch let error as NotInTime {
                Issue.record("\(error), but \(try await history(of: id, waybill))")
            }
            // All has been told, and nothing is left to tell.
            try await waybill.ready("sender-1")
            try await eventually(within: .seconds(30), "\(point.name), \(answer): the journals of the dead are dealt with") {
                try journals(in: folder).count == 1
            }
            #expect(try await waybill.stop("sender-1") == 0)
            #expect(try journals(in: folder) == [], "\(point.name), \(answer)")

            let found = try await history(of: id, waybill)
            let copies = smtp.received.filter { $0.recipients == [address] }
            #expect(found == expected, "\(point.name), \(answer)")
            #expect(copies.count == point.copies(when: answer), "\(point.name), \(answer)")
            #expect(copies.count <= 1 || found.contains("uncertain 1"), "a second copy is never silent: \(point.name)")
            #expect(Set(try copies.map { try ReadMessage($0.bytes).messageID }).count <= 1)
            let name = "\(point.name) (\(answer.rawValue))".padding(toLength: 64, withPad: " ", startingAt: 0)
            print("\(name) \(found.joined(separator: ", "))  [\(copies.count)]")
        }

        /// A server that refuses always, or asks once to try later.
        private static func script(_ answer: CrashPoint.Answer, to address: String) -> ScriptedSMTPServer.Script {
            let script = ScriptedSMTPServer.Script()
            switch answer {
            case .accepted: return script
            case .refused: return script.on(.dot, .reply("550 5.1.1 No such user"))
            case .deferred:
                let asked = Counter()
                return script.when(.reply("451 4.3.0 Try again in a moment")) { $0.stage == .dot && asked.next() == 1 }
            }
        }

        private static func journals(in folder: URL) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("journal") }
        }

        private static func brokerPort(of waybill: Installation) -> Int { URL(string: waybill.brokerURL)?.port ?? 0 }

        /// The delivery's facts after its acceptance: what happened, and to which attempt.
        private static func history(of delivery: String, _ waybill: Installation) async throws -> [String] {
            let answer = try await HTTP.send(
                "GET", waybill.tracker + "/v1/deliveries/\(delivery)", token: try await waybill.token())
            return (answer.object["facts"] as? [[String: Any]] ?? []).dropFirst().map { fact in
                let kind = (fact["kind"] as? String ?? "").split(separator: ".").last ?? ""
                return "\(kind) \(fact["attempt"] ?? "")"
            }
        }
    }
}
