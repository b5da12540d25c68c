import Logging
import Metrics
import SMTP
import Synchronization

/// Which servers could not be reached of late, so that others are tried first and a dead one costs little.
///
/// A server that fails is avoided for a second, then for twice as long each time it fails again, up to a minute; after that one message
/// tries it. While it is avoided it is the last choice, and no choice at all once it has failed three times in a row.
final class ServerHealth: Sendable {
    private static let first = Duration.seconds(1)
    private static let longest = Duration.seconds(60)
    /// Failures in a row after which a server is not even the last choice.
    private static let fewFailures = 3
    /// The most servers that are remembered.
    private static let capacity = 10_000
    /// IPv6 addresses in a row without a connection after which IPv4 comes first.
    private static let fewIPv6Failures = 3

    private struct Key: Hashable {
        let host: String
        let port: Int
        init(_ server: SMTPEndpoint) { (host, port) = (server.host, server.port) }
    }

    private struct Record {
        var failures = 0
        var reason = ""
        var failedAt: ContinuousClock.Instant
        var avoidedUntil: ContinuousClock.Instant
    }

    private struct State {
        var records: [Key: Record] = [:]
        var ipv6Failures = 0
    }

    private let state = Mutex(State())
    private let logger: Logger
    /// How loudly to say that a server fails: relays are the operator's own, MX hosts are not.
    private let level: Logger.Level
    private let now: @Sendable () -> ContinuousClock.Instant

    init(logger: Logger, level: Logger.Level, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.logger = logger
        self.level = level
        self.now = now
    }

    /// Whether IPv6 has led nowhere of late.
    var isIPv6Doubtful: Bool { state.withLock { $0.ipv6Failures >= Self.fewIPv6Failures } }

    /// Whether a server may be tried.
    /// - Parameter asLastChoice: Whether nobody else is left.
    func admits(_ server: SMTPEndpoint, asLastChoice: Bool) -> Bool {
        let now = now()
        return state.withLock { state in
            guard var record = state.records[Key(server)] else { return true }
            if now >= record.avoidedUntil {
                // This one message tries it; the others wait for what becomes of that.
                record.avoidedUntil = now + Self.wait(after: record.failures)
                state.records[Key(server)] = record
                return true
            }
            return asLastChoice && record.failures < Self.fewFailures
        }
    }

    /// Why a server is avoided, in words; `nil` where it is not.
    func complaint(about server: SMTPEndpoint) -> String? {
        let now = now()
        return state.withLock { $0.records[Key(server)] }.map {
            "it failed \(($0.failedAt.duration(to: now)).components.seconds) s ago: \($0.reason)"
        }
    }

    func failed(_ server: SMTPEndpoint, _ reason: String, couldConnect: Bool) {
        let now = now()
        Self.count("failed")
        let isNews = state.withLock { state in
            if server.host.contains(":"), !couldConnect { state.ipv6Failures = min(state.ipv6Failures + 1, Self.fewIPv6Failures) }
            var record = state.records[Key(server)] ?? Record(failedAt: now, avoidedUntil: now)
            // Many who try at once fail together: that is one failure.
            if now >= record.avoidedUntil || record.failures == 0 || record.failedAt.duration(to: now) >= Self.first {
                record.failures = min(record.failures + 1, 16)
                record.avoidedUntil = now + Self.wait(after: record.failures)
            }
            record.reason = reason
            record.failedAt = now
            if state.records.count >= Self.capacity, state.records[Key(server)] == nil {
                state.records = state.records.filter { $0.value.avoidedUntil > now }
                if state.records.count >= Self.capacity { return false }
            }
            return state.records.updateValue(record, forKey: Key(server)) == nil
        }
        guard isNews else { return }
        logger.log(
            level: level, "A mail server fails; others are tried first for a while",
            metadata: ["server": "\(server.displayName)", "reason": "\(reason)"])
    }

    func succeeded(_ server: SMTPEndpoint) {
        Self.count("opened")
        let isNews = state.withLock { state in
            if server.host.contains(":") { state.ipv6Failures = 0 }
            return !state.records.isEmpty && state.records.removeValue(forKey: Key(server)) != nil
        }
        guard isNews else { return }
        logger.log(level: level, "A mail server that failed works again", metadata: ["server": "\(server.displayName)"])
    }

    private static func count(_ result: String) {
        Counter(label: "waybill_smtp_connections_total", dimensions: [("result", result)]).increment()
    }

    private static func wait(after failures: Int) -> Duration {
        min(longest, first * (1 << max(0, min(failures, 16) - 1)))
    }
}
