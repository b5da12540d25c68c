import SMTP
import Support
import Synchronization

/// What an SMTP server sees of its clients: who sends to whom, when, and how many at once.
final class SMTPWatch: Sendable {
    struct Transfer: Sendable {
        let address: String
        /// The name in EHLO.
        let sender: String
        let start: ContinuousClock.Instant
        /// When the message was taken; `nil` while it is under way.
        var end: ContinuousClock.Instant?

        var domain: String { address.split(separator: "@").last.map(String.init) ?? "" }
    }

    private struct State {
        var transfers: [Transfer] = []
        /// The sender on each connection, and what it is sending.
        var names: [Int: String] = [:]
        var current: [Int: Int] = [:]
    }

    private let state = Mutex(State())

    /// The script, and this looking on.
    func watching(_ script: ScriptedSMTPServer.Script) -> ScriptedSMTPServer.Script {
        let delay = script.delay
        var watched = ScriptedSMTPServer.Script(delay: delay).when(.accept) { [self] moment in
            see(moment, delay)
            return false
        }
        watched.rules += script.rules
        watched.delays = script.delays
        return watched
    }

    private func see(_ moment: ScriptedSMTPServer.Script.Moment, _ delay: Duration) {
        let now = ContinuousClock.now
        state.withLock { state in
            switch moment.stage {
            case .hello: state.names[moment.connection] = moment.line.split(separator: " ").last.map(String.init) ?? ""
            case .recipient:
                state.current[moment.connection] = state.transfers.count
                state.transfers.append(
                    Transfer(
                        address: moment.recipients.last ?? "", sender: state.names[moment.connection] ?? "", start: now))
            case .dot:
                if let index = state.current.removeValue(forKey: moment.connection) { state.transfers[index].end = now + delay }
            default: break
            }
        }
    }

    var transfers: [Transfer] { state.withLock { $0.transfers } }

    func transfers(to domain: String) -> [Transfer] { transfers.filter { $0.domain == domain } }

    /// The most messages to a domain that were under way at once.
    func mostAtOnce(to domain: String) -> Int {
        let events = transfers(to: domain).flatMap { transfer in
            [(transfer.start, 1)] + (transfer.end.map { [($0, -1)] } ?? [])
        }.sorted { $0.0 < $1.0 }
        var count = 0
        var most = 0
        for (_, change) in events {
            count += change
            most = max(most, count)
        }
        return most
    }

    /// The most messages to a domain that began within any one second.
    func mostInASecond(to domain: String) -> Int {
        let starts = transfers(to: domain).map(\.start).sorted()
        var first = 0
        var most = 0
        for (index, start) in starts.enumerated() {
            while starts[first] <= start - .seconds(1) { first += 1 }
            most = max(most, index - first + 1)
        }
        return most
    }

    /// Who began messages since then, and how many.
    func begun(since time: ContinuousClock.Instant) -> [String: Int] {
        transfers.filter { $0.start > time }.reduce(into: [:]) { $0[$1.sender, default: 0] += 1 }
    }
}
