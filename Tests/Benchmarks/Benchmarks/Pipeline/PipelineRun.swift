import Foundation
import Support

/// One run of mail through the real executables.
struct PipelineRun {
    let node: RabbitMQNode
    let mails: Int
    let size: Int
    let senders: Int
    let domains: Int
    /// Mails at once in each sender.
    let concurrency: Int
    let isSigning: Bool

    struct Figures: Encodable {
        let mailsPerSecond: Double
        /// From the first submission to the last row of the history.
        let seconds: Double
        /// On the wire, on average.
        let bytesPerMail: Int
        /// Confirmed by the broker, for each mail.
        let messagesPerMail: Double
        /// Microseconds of processor time for each mail, by process; `client` is this benchmark.
        let processorMicrosecondsPerMail: [String: Int]
    }

    func run() async throws -> Figures {
        var figures: Figures?
        let sinkFolder = try TemporaryFolder()
        let sink = try await Sink.start(in: sinkFolder.url)
        var settings = [
            "WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(sink.port)?tls=off", "WAYBILL_LOG_LEVEL": "warning",
            "WAYBILL_CONCURRENCY": "\(concurrency)",
        ]
        if isSigning {
            let keys = sinkFolder.url.appending(path: "dkim").path
            _ = try await Executables.run("sender", ["dkim-key", "example.com"], environment: ["WAYBILL_DKIM_KEYS": keys])
            settings["WAYBILL_DKIM_KEYS"] = keys
        }
        try await Installation.with(node: node, settings: settings, senders: senders) { waybill in
            let names = ["scheduler", "tracker", "reminder"] + (1...senders).map { "sender-\($0)" }
            try await waybill.startAndWait(for: names)
            // Connections are opened and statements are prepared before the clock runs.
            let warm = try await waybill.submit(try Workload.mailings(of: 300, size: size, domains: domains))
            try await waybill.awaitFacts(warm.facts)

            let mailings = try Workload.mailings(of: mails, size: size, domains: domains)
            let processes = try self.processes(waybill, sink)
            let before = try ProcessorTime.read(processes)
            let messagesBefore = try await waybill.confirmedMessages(senders: senders)
            let start = Date().timeIntervalSince1970
            let submitted = try await waybill.submit(mailings)
            try await waybill.awaitFacts((warm + submitted).facts)
            let after = try ProcessorTime.read(processes)
            let messages = try await waybill.confirmedMessages(senders: senders) - messagesBefore
            for name in names.reversed() { try await waybill.stop(name) }

            let taken = try await sink.stop()
            guard taken.allSatisfy({ $0.isSigned == isSigning }) else {
                throw Trouble("No figures: \(taken.count { $0.isSigned }) of \(taken.count) mails are signed.")
            }
            let proof = try Proof(
                submitted: warm + submitted, taken: taken, history: waybill.folder.appending(path: "tracker/tracker.sqlite"))
            let seconds = proof.lastRowAt - start
            figures = Figures(
                mailsPerSecond: (Double(mails) / seconds * 10).rounded() / 10, seconds: (seconds * 1000).rounded() / 1000,
                bytesPerMail: taken.map(\.size).reduce(0, +) / max(1, taken.count),
                messagesPerMail: (Double(messages) / Double(mails) * 100).rounded() / 100,
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
}
