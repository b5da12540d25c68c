import Foundation
import SMTP
import Support
import Synchronization

/// A sender that is ended as by SIGKILL at one moment of its work, seen from outside: in what passes between it and the broker, by the
/// SMTP server, or as it enters a system call. The program itself knows nothing of it.
final class Victim: Sendable {
    private let end: CrashPoint.End
    private let folder: URL
    private let state = Mutex(State())
    private let trace: URL

    private struct State {
        var process: ChildProcess?
        var turns = 0
        /// The connection on which the fact went whose confirm is awaited, and the one that brings tickets.
        var publishing: Int?
        var ticketing: Int?
    }

    /// - Parameter folder: The senders' data.
    init(_ end: CrashPoint.End, folder: URL) {
        self.end = end
        self.folder = folder
        trace = folder.deletingLastPathComponent().appending(
            path: "\(folder.lastPathComponent).\(UUID().uuidString.prefix(8)).trace")
    }

    var process: ChildProcess? { state.withLock { $0.process } }

    /// - Parameter start: Starts a sender that has the broker at the given port, under a tracer where that is not empty.
    func start(brokerPort: Int, _ start: (_ port: Int, _ tracer: [String]) throws -> ChildProcess) async throws -> BrokerTap {
        let tap = try BrokerTap(to: brokerPort) { self.judge($0) }
        let process = try start(tap.port, tracer)
        state.withLock { $0.process = process }
        if case .leaving(let call, let turn) = end {
            // The tracer writes down each call before it holds the thread at the end of it.
            try await eventually(within: .seconds(60), "\(call) has returned") {
                guard FileManager.default.fileExists(atPath: self.trace.path) else { return false }
                let lines = try String(contentsOf: self.trace, encoding: .utf8).split(separator: "\n")
                return lines.filter { $0.contains("(DELAYED)") }.count == turn
            }
            kill()
        }
        return tap
    }

    private func kill() { state.withLock { $0.process }?.signal(SIGKILL) }

    private var tracer: [String] {
        let injection: String
        switch end {
        case .entering(let call, let turn): injection = "\(call):signal=SIGKILL:when=\(turn)"
        case .leaving(let call, _): injection = "\(call):delay_exit=3000000:when=1"
        case .beforeRecordAfterConfirm: injection = "pwrite64:delay_enter=4000000:when=2"
        default: return []
        }
        // As a grandchild, so that the sender is our child as ever; threads are counted each for itself.
        let call = String(injection.prefix { $0 != ":" })
        return [
            "/usr/bin/strace", "-D", "-f", "-qq", "-e", "signal=none", "-o", trace.path, "-e",
            "trace=\(call)", "-e", "inject=\(injection)",
        ]
    }

    // MARK: - The broker's side

    private func judge(_ passing: BrokerTap.Passing) -> BrokerTap.Verdict {
        switch end {
        case .before(let way, let method, let key, let turn):
            guard passing.way == way, passing.method == method, fits(passing.routingKey, key), isTurn(turn) else { return .pass }
        case .beforeTelling(let kind):
            guard isTold(passing, kind) else { return .pass }
            // The record is written beside the publishing; the broker waits until it is there.
            let deadline = ContinuousClock.now + .seconds(20)
            while !journalHas("\"answer\""), ContinuousClock.now < deadline { usleep(1000) }
        case .beforeConfirm(let kind):
            guard isConfirm(passing, of: kind) else { return .pass }
        case .beforeRecordAfterConfirm:
            guard isConfirm(passing, of: "attempt.") else { return .pass }
        case .beforeAck:
            guard isTicketAck(passing) else { return .pass }
        case .afterAck:
            guard isTicketAck(passing) else { return .pass }
            return .passThen { self.kill() }
        case .at, .entering, .leaving: return .pass
        }
        kill()
        return .keep
    }

    /// Answers come to a queue whose name the broker made up.
    private func fits(_ key: String, _ wanted: String) -> Bool {
        wanted.isEmpty ? key.hasPrefix("amq.gen") : key == wanted
    }

    private func isTurn(_ turn: Int) -> Bool {
        state.withLock { state in
            state.turns += 1
            return state.turns == turn
        }
    }

    private func isTold(_ passing: BrokerTap.Passing, _ kind: String) -> Bool {
        passing.way == .toBroker && passing.method == .publish && passing.routingKey.hasPrefix(kind)
    }

    private func isConfirm(_ passing: BrokerTap.Passing, of kind: String) -> Bool {
        if isTold(passing, kind) { state.withLock { $0.publishing = passing.connection } }
        return passing.way == .toClient && passing.method == .ack && state.withLock { $0.publishing } == passing.connection
    }

    private func isTicketAck(_ passing: BrokerTap.Passing) -> Bool {
        if passing.way == .toClient, passing.method == .deliver, passing.routingKey == "ticket" {
            state.withLock { $0.ticketing = passing.connection }
        }
        return passing.way == .toBroker && passing.method == .ack && state.withLock { $0.ticketing } == passing.connection
    }

    private func journalHas(_ text: String) -> Bool {
        do {
            return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).contains { file in
                try file.pathExtension == "log" && String(contentsOf: file, encoding: .utf8).contains(text)
            }
        } catch {
            return false  // The folder is not there yet.
        }
    }

    // MARK: - The server's side

    /// Puts first the rule by which the server ends this sender, where it is the one to do so.
    func script(_ script: ScriptedSMTPServer.Script) -> ScriptedSMTPServer.Script {
        guard case .at(let stage, let isKept) = end else { return script }
        var script = script.when(isKept ? .keeping(.hang) : .hang) { moment in
            guard moment.stage == stage, self.isTurn(1) else { return false }
            self.kill()
            return true
        }
        script.rules.insert(script.rules.removeLast(), at: 0)
        return script
    }
}
