import ArgumentParser
import Foundation
import GRDB
import Mail
import Support

/// What memory the services take: at rest, after work, and with a backlog that no sender gets through.
struct MemoryBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory", abstract: "Reads the proportional set size of each service, idle, after work and behind a backlog.")

    @Option(help: "Mails sent between the first two figures.")
    var mails = 3000

    @Option(help: "Deliveries that wait; 0 leaves that part out.")
    var backlog = 1_000_000

    private struct Report: Encodable {
        let benchmark = "memory"
        let machine: Machine
        let durability = PipelineBenchmark.durability
        let lost = 0
        let duplicates = 0
        /// Kilobytes by service: `Pss` of `/proc/<pid>/smaps_rollup`.
        var idle: [String: Int] = [:]
        var afterWork: [String: Int] = [:]
        let mails: Int
        var backlog: Backlog?
    }

    private struct Backlog: Encodable {
        let deliveries: Int
        /// Of a sender that has just started and sends, with nothing else waiting.
        let senderWithoutIt: Int
        /// A minute after it began to work on it.
        let withIt: [String: Int]
        let sentMeanwhile: Int
    }

    func run() async throws {
        var report = Report(machine: try Machine(), mails: mails)
        let folder = try TemporaryFolder()
        let sink = try await Sink.start(in: folder.url)
        try await Installation.with(settings: settings(sink)) { waybill in
            try await waybill.startAll()
            try await Task.sleep(for: .seconds(5))
            report.idle = try pss(waybill)
            let submitted = try await waybill.submit(try Workload.mailings(of: mails, size: 4096, domains: 20))
            try await waybill.awaitFacts(submitted.facts)
            try await Task.sleep(for: .seconds(15))
            report.afterWork = try pss(waybill)
            for name in ["sender-1", "scheduler", "tracker", "reminder"] { try await waybill.stop(name) }
            _ = try Proof(
                submitted: submitted, taken: try await sink.stop(),
                history: waybill.folder.appending(path: "tracker/tracker.sqlite"))
        }
        if backlog > 0 { report.backlog = try await measureBacklog() }
        print(String(decoding: try Wire.encode(report), as: UTF8.self))
    }

    private func settings(_ sink: Sink) -> [String: String] {
        ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(sink.port)?tls=off", "WAYBILL_LOG_LEVEL": "warning"]
    }

    private func pss(_ waybill: Installation) throws -> [String: Int] {
        var result: [String: Int] = [:]
        for name in ["scheduler", "sender-1", "tracker", "reminder"] {
            guard let id = waybill.processID(of: name) else { continue }
            let lines = try String(contentsOfFile: "/proc/\(id)/smaps_rollup", encoding: .utf8).split(separator: "\n")
            let line = lines.first { $0.hasPrefix("Pss:") }
            result[name] = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        }
        return result
    }

    private func measureBacklog() async throws -> Backlog {
        let folder = try TemporaryFolder()
        // So slow that the backlog stays.
        let sink = try await Sink.start(in: folder.url, delay: 50)
        let most = 10_000
        var result: Backlog?
        try await Installation.with(settings: settings(sink).merging(["WAYBILL_MAX_RECIPIENTS": "\(most)"]) { $1 }) { waybill in
            try await waybill.startAll()
            let few = try await waybill.submit(try Workload.mailings(of: 300, size: 4096, domains: 20))
            try await waybill.awaitFacts(few.facts)
            let without = try pss(waybill)["sender-1"] ?? 0
            try await waybill.stop("sender-1")
            for start in stride(from: 0, to: backlog, by: most) {
                let addresses = (start..<min(backlog, start + most)).map { Workload.address($0, domains: 20) }
                _ = try await waybill.submit([try Workload.mailing(size: 4096, recipients: addresses)])
            }
            try await waybill.startAndWait(for: ["sender-1"])
            try await Task.sleep(for: .seconds(60))
            let with = try pss(waybill)
            for name in ["sender-1", "scheduler", "tracker", "reminder"] { try await waybill.stop(name) }
            let taken = try await sink.stop()
            let ledger = try DatabaseQueue(path: waybill.folder.appending(path: "scheduler/scheduler.sqlite").path)
            let all = try await ledger.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM deliveries") ?? 0 }
            let copies = Set(taken.map { "\($0.messageID) \($0.recipient)" })
            guard all == backlog + 300, copies.count == taken.count else {
                throw Trouble(
                    "No figures: of \(backlog + 300) deliveries the ledger has \(all); \(taken.count - copies.count) came twice.")
            }
            result = Backlog(deliveries: backlog, senderWithoutIt: without, withIt: with, sentMeanwhile: taken.count - 300)
        }
        guard let result else { throw Trouble("There are no figures.") }
        return result
    }
}
