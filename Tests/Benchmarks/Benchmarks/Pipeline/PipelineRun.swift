import Foundation
import GRDB
import Support

/// One run of mail through the real executables.
struct PipelineRun {
    let node: RabbitMQNode
    let mails: Int
    let size: Int
    let senders: Int
    let domains: Int

    struct Figures: Encodable {
        let mailsPerSecond: Double
        /// From the first submission to the last row of the history.
        let seconds: Double
        /// On the wire, on average.
        let bytesPerMail: Int
        /// Microseconds of processor time for each mail, by process; `client` is this benchmark.
        let processorMicrosecondsPerMail: [String: Int]
    }

    func run() async throws -> Figures {
        var figures: Figures?
        let sinkFolder = try TemporaryFolder()
        let sink = try await Sink.start(in: sinkFolder.url)
        let settings = ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(sink.port)?tls=off", "WAYBILL_LOG_LEVEL": "warning"]
        try await Installation.with(node: node, settings: settings, senders: senders) { waybill in
            try await waybill.startAll()
            for number in 1..<max(2, senders) where senders > 1 {
                try waybill.start("sender-\(number + 1)")
                try await waybill.ready("sender-\(number + 1)")
            }
            // Connections are opened and statements are prepared before the clock runs.
            let warm = try await submit(try Workload.mailings(of: 300, size: size, domains: domains), to: waybill)
            try await awaitFacts(of: warm, in: waybill)

            let mailings = try Workload.mailings(of: mails, size: size, domains: domains)
            let processes = try self.processes(waybill, sink)
            let before = try ProcessorTime.read(processes)
            let start = Date().timeIntervalSince1970
            let submitted = try await submit(mailings, to: waybill)
            try await awaitFacts(of: warm + submitted, in: waybill)
            let after = try ProcessorTime.read(processes)
            for name in ["sender-1", "scheduler", "tracker", "reminder"] { try await waybill.stop(name) }
            for number in 1..<max(2, senders) where senders > 1 { try await waybill.stop("sender-\(number + 1)") }

            let taken = try await sink.stop()
            let proof = try Proof(
                submitted: warm + submitted, taken: taken, history: waybill.folder.appending(path: "tracker/tracker.sqlite"))
            let seconds = proof.lastRowAt - start
            figures = Figures(
                mailsPerSecond: (Double(mails) / seconds * 10).rounded() / 10, seconds: (seconds * 1000).rounded() / 1000,
                bytesPerMail: taken.map(\.size).reduce(0, +) / max(1, taken.count),
                processorMicrosecondsPerMail: after.perMail(since: before, count: mails))
        }
        guard let figures else { throw Trouble("There are no figures.") }
        return figures
    }

    private func processes(_ waybill: Installation, _ sink: Sink) throws -> [String: pid_t] {
        var processes = ["sink": sink.process.id, "client": getpid(), "rabbitmq": try node.processID ?? 0]
        for name in ["scheduler", "tracker", "reminder"] + (1...senders).map({ "sender-\($0)" }) {
            processes[name] = waybill.processID(of: name)
        }
        return processes
    }

    private func submit(_ mailings: [Data], to waybill: Installation) async throws -> [Submitted] {
        let token = try await waybill.token()
        let url = waybill.scheduler + "/v1/mailings"
        return try await withThrowingTaskGroup(of: Submitted.self) { group in
            var rest = mailings.makeIterator()
            var all: [Submitted] = []
            func next() {
                guard let mailing = rest.next() else { return }
                group.addTask {
                    let answer = try await HTTP.send(
                        "POST", url, token: token, body: mailing, headers: ["Content-Type": "application/json"])
                    guard answer.status == 202 else { throw Trouble("A mailing was refused: \(answer.text.prefix(500))") }
                    return try JSONDecoder().decode(Submitted.self, from: answer.body)
                }
            }
            for _ in 0..<4 { next() }
            while let done = try await group.next() {
                all.append(done)
                next()
            }
            return all
        }
    }

    /// Waits until the tracker has recorded as many facts as the mailings come to: that the right ones are there is proved afterwards.
    private func awaitFacts(of mailings: [Submitted], in waybill: Installation) async throws {
        let expected = mailings.reduce(0) { $0 + 1 + 3 * $1.deliveries.count }
        let deadline = ContinuousClock.now + .seconds(600)
        while ContinuousClock.now < deadline {
            let figures = try await HTTP.get(waybill.tracker + "/metrics").text
            let line = figures.split(separator: "\n").first { $0.hasPrefix("waybill_facts_recorded_total") }
            if let line, let count = line.split(separator: " ").last.flatMap({ Double($0) }), Int(count) >= expected { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Trouble("The history was not complete within ten minutes.")
    }
}

/// The answer to a submission, as far as the proof needs it.
struct Submitted: Decodable {
    struct Delivery: Decodable {
        let id: String
        let address: String
    }

    let id: String
    let deliveries: [Delivery]
}
