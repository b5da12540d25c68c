import ArgumentParser
import Foundation
import Mail
import Support

/// How the rate grows with the number of senders, where the server and not the processor is what they wait for.
struct ScalingBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling",
        abstract: "Sends mail with 1, 2, 4, 8 and 16 senders to a sink that takes its time for each command.")

    @Option(help: "Milliseconds that the sink takes for each command.")
    var delay = 50

    @Option(help: "Connections of each sender: what it can do at most is so many over the time of a mail.")
    var connections = 4

    @Option(help: "Mails at once in each sender: those beyond its connections are at hand when one is free.")
    var concurrency = 12

    @Option(help: "Mails for each sender.")
    var mails = 200

    @Option(parsing: .upToNextOption, help: "Numbers of senders.")
    var senders = [1, 2, 4, 8, 16]

    private struct Report: Encodable {
        let benchmark = "scaling"
        let machine: Machine
        let delayMilliseconds: Int
        let connectionsOfEach: Int
        let concurrencyOfEach: Int
        let durability = PipelineBenchmark.durability
        let lost = 0
        let duplicates = 0
        let rounds: [Round]
    }

    private struct Round: Encodable {
        let senders: Int
        /// While all of them have work: without the first and the last mails.
        let mailsPerSecond: Double
        /// Of so many times the rate of the first round for each sender.
        var shareOfLinear = 1.0
    }

    func run() async throws {
        let machine = try Machine()
        var rounds: [Round] = []
        for count in senders {
            var round = Round(senders: count, mailsPerSecond: try await measure(senders: count))
            if let first = rounds.first {
                let linear = first.mailsPerSecond * Double(count) / Double(first.senders)
                round.shareOfLinear = (round.mailsPerSecond / linear * 1000).rounded() / 1000
            }
            rounds.append(round)
        }
        let report = Report(
            machine: machine, delayMilliseconds: delay, connectionsOfEach: connections, concurrencyOfEach: concurrency,
            rounds: rounds)
        print(String(decoding: try Wire.encode(report), as: UTF8.self))
    }

    private func measure(senders: Int) async throws -> Double {
        var rate: Double?
        let folder = try TemporaryFolder()
        let sink = try await Sink.start(in: folder.url, delay: delay)
        let settings = [
            "WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(sink.port)?tls=off", "WAYBILL_LOG_LEVEL": "warning",
            "WAYBILL_CONCURRENCY": "\(concurrency)", "WAYBILL_SMTP_CONNECTIONS": "\(connections)",
        ]
        try await Installation.with(settings: settings, senders: senders) { waybill in
            try await waybill.startAndWait(for: ["scheduler", "tracker"])
            let names = (1...senders).map { "sender-\($0)" }
            try await waybill.startAndWait(for: names)
            let submitted = try await waybill.submit(try Workload.mailings(of: mails * senders, size: 4096, domains: 20))
            try await waybill.awaitFacts(submitted.facts)
            for name in names + ["scheduler", "tracker"] { try await waybill.stop(name) }
            let taken = try await sink.stop()
            _ = try Proof(
                submitted: submitted, taken: taken, history: waybill.folder.appending(path: "tracker/tracker.sqlite"))
            let times = taken.map(\.takenAt).sorted()
            let edge = 4 * concurrency * senders
            let middle = times.dropFirst(edge).dropLast(edge)
            guard let first = middle.first, let last = middle.last, last > first else {
                throw Trouble("There are too few mails to tell a rate.")
            }
            rate = (Double(middle.count - 1) / (last - first) * 10).rounded() / 10
        }
        guard let rate else { throw Trouble("There is no rate.") }
        return rate
    }
}
