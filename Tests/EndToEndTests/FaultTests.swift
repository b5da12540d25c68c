import Broker
import Foundation
import GRDB
import Logging
import MIME
import Mail
import Store
import Support
import Testing

extension EndToEnd {
    /// Kills and restarts while mail flows: nothing may be lost, and no second copy may be silent.
    @Suite("Faults")
    struct FaultTests {
        @Test("2,000 mails, services killed again and again, the broker restarted twice: none lost, no silent second copy")
        func killing() async throws {
            let node = try await RabbitMQNode.start()
            // Slow enough that there is always something under way.
            let smtp = try await ScriptedSMTPServer.start(ScriptedSMTPServer.Script(delay: .milliseconds(25)))
            try await Installation.with(
                node: node, settings: ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(smtp.port)?tls=off"], senders: 2
            ) { waybill in
                try await waybill.startAll()
                try waybill.start("sender-2")

                let submitted = Task { try await Self.submit(mailings: 100, of: 20, to: waybill) }
                let victims = ["scheduler", "sender-1", "sender-2", "tracker", "reminder"]
                var random = SystemRandomNumberGenerator()
                var kills = 0
                for round in 0..<40 {
                    let victim = victims[Int.random(in: 0..<victims.count, using: &random)]
                    try await waybill.kill(victim)
                    kills += 1
                    try waybill.start(victim)
                    if round == 12 || round == 26 { try await node.restart() }
                    try await Self.pause(.milliseconds(Int.random(in: 200...1500, using: &random)))
                }
                let mailings = try await submitted.value
                #expect(mailings.count == 100)

                try await eventually(within: .seconds(240), "every mailing has arrived") {
                    for id in mailings {
                        guard try await waybill.states(of: id) == ["delivered": 20] else { return false }
                    }
                    return true
                }

                let copies = Dictionary(grouping: smtp.received, by: { $0.recipients.joined() })
                #expect(copies.count == 2000, "every recipient has the mail")
                var uncertain = 0
                var surplus = 0
                for id in mailings {
                    let deliveries = try await waybill.mailing(id).object["deliveries"] as? [[String: Any]] ?? []
                    #expect(deliveries.count == 20)
                    for delivery in deliveries {
                        let address = try #require(delivery["address"] as? String)
                        let received = try #require(copies[address])
                        let timeline = try await HTTP.send(
                            "GET", waybill.tracker + "/v1/deliveries/\(delivery["id"] ?? "")", token: try await waybill.token())
                        let doubts = timeline.text.components(separatedBy: "\"attempt.uncertain\"").count - 1
                        uncertain += doubts > 0 ? 1 : 0
                        surplus += received.count - 1
                        #expect(
                            received.count - 1 <= doubts,
                            "\(address) got \(received.count) copies and the history admits \(doubts) doubts")
                        let names = Set(try received.map { try ReadMessage($0.bytes).messageID })
                        #expect(names.count == 1, "every copy has the same Message-ID")
                    }
                }
                print(
                    "2,000 mails, \(kills) kills, 2 broker restarts: 0 lost, \(surplus) second copies, \(uncertain) uncertain, all shown as such"
                )

                // Nothing is left under way.
                let publisher = Publisher(to: try BrokerAddress(node.url), app: "test", logger: Logger(label: "test"))
                let connection = Task { try await publisher.run() }
                defer { connection.cancel() }
                for queue in [
                    Names.tickets, Names.scheduler, Names.schedulerFacts, Names.tracker, Names.reminder, Names.reminderFacts,
                    Names.deadLetters,
                ] {
                    try await eventually(within: .seconds(60), "\(queue) is empty") { await publisher.depth(of: queue) == 0 }
                }
                for name in ["scheduler", "tracker", "reminder"] {
                    try await eventually(within: .seconds(30), "the outbox of the \(name) is empty") {
                        try Self.outbox(of: name, in: waybill) == 0
                    }
                }
                await smtp.stop()
            }
            try await node.stop()
        }

        /// Submits until every mailing is accepted, as a client that meets errors does: again, with the same key.
        private static func submit(mailings: Int, of recipients: Int, to waybill: Installation) async throws -> [String] {
            var ids: [String] = []
            for number in 0..<mailings {
                let addresses = (0..<recipients).map { "m\(number)-r\($0)@example.net" }
                let deadline = ContinuousClock.now + .seconds(120)
                while true {
                    var last = ""
                    do {
                        let answer = try await waybill.submit(Mailings.simple(to: addresses), key: "mailing-\(number)")
                        if answer.status == 202, let id = answer.object["id"] as? String {
                            ids.append(id)
                            break
                        }
                        #expect(answer.status == 503, "\(answer.status) \(answer.text)")
                        last = answer.text
                    } catch let error as HTTP.Unanswered {
                        last = error.reason
                    }
                    guard ContinuousClock.now < deadline else { throw Unaccepted(number: number, answer: last) }
                    try await pause(.milliseconds(100))
                }
                try await pause(.milliseconds(400))
            }
            return ids
        }

        struct Unaccepted: Error {
            let number: Int
            let answer: String
        }

        /// The rhythm of the faults themselves; nothing is awaited by it.
        private static func pause(_ duration: Duration) async throws { try await ContinuousClock().sleep(for: duration) }

        private static func outbox(of service: String, in waybill: Installation) throws -> Int {
            var configuration = Configuration()
            configuration.readonly = true
            let folder = waybill.folder.appending(path: service)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sqlite") }
            return try files.reduce(0) { sum, file in
                let queue = try DatabaseQueue(path: folder.appending(path: file).path, configuration: configuration)
                return sum + (try queue.read { try Outbox.count(in: $0) })
            }
        }
    }
}
