import Broker
import Foundation
import Logging
import Mail
import Runtime
import Support
import Testing

extension EndToEnd {
    /// Nothing is promised and nothing leaves before what stands behind it is on the disk, as the kernel saw it.
    @Suite("Durability")
    struct DurabilityTests {
        private static let count = 1500

        /// Whatever is done here holds a word of its own, by which it is found again on the disk and on the wire.
        private static func word(_ number: Int) -> String { "token-\(number + 10_000)" }

        /// - Parameter bytes: Of each write; the default holds a page of SQLite's.
        private static func tracer(_ file: URL, bytes: Int = 4200) -> [String] {
            SystemCalls.tracer("fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg", bytes: bytes, to: file)
        }

        @Test("a 202 and a fact leave after the mailing's commit is on the disk, a dot after its journal")
        func promises() async throws {
            let smtp = try await ScriptedSMTPServer.start()
            try await Installation.with(settings: ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(smtp.port)?tls=off"]) { waybill in
                let traces = ["scheduler", "sender-1"].map { waybill.folder.appending(path: "\($0).trace") }
                try waybill.start("scheduler", under: Self.tracer(traces[0]))
                try await waybill.ready("scheduler")
                try waybill.start("sender-1", under: Self.tracer(traces[1], bytes: 1_000_000))
                try await waybill.ready("sender-1")
                try await withThrowingDiscardingTaskGroup { group in
                    for client in 0..<8 {
                        group.addTask {
                            for number in stride(from: client, to: Self.count, by: 8) {
                                let answer = try await waybill.submit(Mailings.simple(to: ["\(Self.word(number))@example.net"]))
                                #expect(answer.status == 202, "\(answer.text)")
                            }
                        }
                    }
                }
                #expect(try await smtp.hasReceived(Self.count, within: .seconds(120)))
                for name in ["sender-1", "scheduler"] { #expect(try await waybill.stop(name) == 0) }

                let scheduler = Order(try SystemCalls(contentsOf: traces[0]), file: "/scheduler.sqlite-wal")
                let sent = scheduler.firstWrites(to: { $0.hasPrefix("TCP:") }, after: "token-", count: 5)
                let saved = scheduler.firstSaved(after: "token-", count: 5)
                #expect(sent.count == Self.count)
                #expect(Self.early(sent, saved) == [])

                let sender = Order(try SystemCalls(contentsOf: traces[1]), file: "/journal-")
                let dots = sender.firstWrites(to: { $0.contains(":\(smtp.port)]") }, after: "Message-Id: <", count: 36)
                let journal = sender.firstSaved(after: "\\\"delivery\\\":\\\"", count: 36)
                #expect(dots.count == Self.count)
                #expect(Self.early(dots, journal) == [])
            }
            await smtp.stop()
        }

        @Test("a fact and a command are acked after their commit is on the disk", arguments: ["tracker", "scheduler"])
        func acks(service: String) async throws {
            try await Installation.with { waybill in
                let publisher = Publisher(
                    to: try BrokerAddress(waybill.brokerURL), app: "test",
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
                let connection = Task { try await publisher.run() }
                defer { connection.cancel() }
                // One after another, before anybody listens: the queue's order is theirs, and the broker numbers them in it.
                for number in 0..<Self.count {
                    let message = try service == "tracker" ? Self.fact(number) : Self.command(number)
                    try await publisher.publish(
                        message, to: service == "tracker" ? Names.facts : Names.commands, routingKey: message.type)
                }
                let trace = waybill.folder.appending(path: "\(service).trace")
                try waybill.start(service, under: Self.tracer(trace))
                try await eventually(within: .seconds(120), "all has been taken from the queue") {
                    await publisher.depth(of: service == "tracker" ? Names.tracker : Names.scheduler) == 0
                }
                #expect(try await waybill.stop(service) == 0)

                let order = Order(try SystemCalls(contentsOf: trace), file: "/\(service).sqlite-wal")
                let acked = order.acks()
                let saved = order.firstSaved(after: "token-", count: 5)
                // What was still under way when it was asked to stop goes back to the queue unacked.
                #expect(acked.count > Self.count / 2)
                for (tag, at) in acked {
                    let disk = try #require(saved[String(tag - 1 + 10_000)], "the ack \(tag) has no commit")
                    #expect(disk < at, "the ack of \(Self.word(tag - 1)) went before its commit was saved")
                }
            }
        }

        /// What left before it was on the disk.
        private static func early(_ left: [String: Int], _ saved: [String: Int]) -> [String] {
            left.keys.filter { (saved[$0] ?? .max) >= (left[$0] ?? 0) }
        }

        private static func fact(_ number: Int) throws -> Message {
            let fact = Fact(
                id: .fresh(), organization: "demo", occurredAt: Timestamp(Date()),
                body: .messageOpened(MessageOpened(delivery: .fresh(), userAgent: word(number))))
            return Message(
                id: .fresh(), type: fact.kind.rawValue, app: "test", timestamp: nil, body: try Wire.encode([fact]))
        }

        private static func command(_ number: Int) throws -> Message {
            let submission = Mailings.simple(to: ["\(word(number))@example.net"]).merging(["sendAt": "2099-01-01T00:00:00Z"]) { $1 }
            let body: [String: Any] = ["organization": "demo", "mailing": MailingID.fresh().description, "submission": submission]
            return Message(
                id: .fresh(), type: Command.Kind.mailingSubmit.rawValue, app: "test", timestamp: nil,
                body: try JSONSerialization.data(withJSONObject: body))
        }
    }

    /// What came when: on the disk, and on the wire.
    private struct Order {
        private let calls: [SystemCalls.Call]
        private let isLog: (String) -> Bool

        /// - Parameter file: A part of the path of the file in which everything is to be saved first.
        init(_ calls: SystemCalls, file: String) {
            self.calls = calls.all
            isLog = { $0.contains(file) }
        }

        /// When what follows the mark first began to leave.
        func firstWrites(to fits: (String) -> Bool, after mark: String, count: Int) -> [String: Int] {
            var first: [String: Int] = [:]
            for call in calls where call.name != "pwrite64" && fits(call.file) {
                for piece in call.pieces(after: mark, count: count) where first[piece] == nil { first[piece] = call.began }
            }
            return first
        }

        /// When what follows the mark was first on the disk: at the end of the first sync that began after it had been written.
        func firstSaved(after mark: String, count: Int) -> [String: Int] {
            var saved: [String: Int] = [:]
            var written: [String: Int] = [:]
            for call in calls where isLog(call.file) {
                switch call.name {
                case "pwrite64":
                    for piece in call.pieces(after: mark, count: count) where saved[piece] == nil && written[piece] == nil {
                        written[piece] = call.ended
                    }
                case "fdatasync", "fsync":
                    for (piece, at) in written where at < call.began {
                        saved[piece] = call.ended
                        written[piece] = nil
                    }
                default: break
                }
            }
            return saved
        }

        /// When the ack of each delivery began to leave, on the connection that acked most.
        func acks() -> [Int: Int] {
            var connections: [String: [Int: Int]] = [:]
            for call in calls where call.name.hasPrefix("send") || call.name.hasPrefix("write") {
                guard call.file.hasPrefix("TCP:") else { continue }
                for (tag, isMultiple) in Self.acks(in: call.bytes) {
                    var known = connections[call.file, default: [:]]
                    var next = tag
                    while next >= 1, known[next] == nil {
                        known[next] = call.began
                        next -= 1
                        if !isMultiple { break }
                    }
                    connections[call.file] = known
                }
            }
            return connections.values.max { $0.count < $1.count } ?? [:]
        }

        /// The frames `basic.ack` among some bytes: method frame, channel 1, 13 bytes, class 60, method 80, tag, multiple.
        private static func acks(in bytes: [UInt8]) -> [(tag: Int, isMultiple: Bool)] {
            let head: [UInt8] = [1, 0, 1, 0, 0, 0, 13, 0, 60, 0, 80]
            guard bytes.count >= 21 else { return [] }
            return (0...(bytes.count - 21)).compactMap { start in
                guard bytes[start] == 1, Array(bytes[start..<(start + 11)]) == head, bytes[start + 20] == 0xCE else { return nil }
                return (bytes[(start + 11)..<(start + 19)].reduce(0) { $0 << 8 | Int($1) }, bytes[start + 19] & 1 == 1)
            }
        }
    }
}
