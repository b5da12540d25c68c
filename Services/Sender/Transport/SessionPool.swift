import SMTP
import ServiceLifecycle
import Synchronization

/// Connections that are kept for the next message, and the limit on how many go to one destination at once.
final class SessionPool: Sendable {
    struct Limits: Hashable, Sendable {
        /// Messages under way to one destination at once, and connections kept for it.
        var connections: Int
        /// Many servers give up on a client after some hundred messages.
        var messages = 100
        /// How long a connection waits for another message. Servers wait for minutes; one that closed meanwhile costs a try.
        var idle = Duration.seconds(10)
        /// Connections kept in all.
        var idleInAll = 200
        /// How long a message waits for its turn.
        var wait = Duration.seconds(60)
    }

    /// A connection that waits for its next message.
    struct Kept: Sendable {
        let session: SMTPSession
        let server: SMTPEndpoint
        /// The name of the ``Route/Host`` that it leads to.
        let host: String
        /// How many it has carried.
        var messages: Int
        fileprivate var since = ContinuousClock.now

        init(session: SMTPSession, server: SMTPEndpoint, host: String, messages: Int = 0) {
            self.session = session
            self.server = server
            self.host = host
            self.messages = messages
        }
    }

    enum Turn: Sendable {
        case come
        /// The wait was too long.
        case missed
        case cancelled
    }

    private struct Waiting {
        let number: Int
        let since = ContinuousClock.now
        let continuation: CheckedContinuation<Turn, Never>
    }

    private struct Destination {
        var underWay = 0
        var waiting: [Waiting] = []
        var kept: [Kept] = []
        var isForgotten: Bool { underWay == 0 && waiting.isEmpty && kept.isEmpty }
    }

    private struct State {
        var destinations: [String: Destination] = [:]
        var kept = 0
        /// To be told goodbye.
        var retired: [SMTPSession] = []
        var next = 0
    }

    let limits: Limits
    private let state = Mutex(State())

    init(_ limits: Limits) { self.limits = limits }

    // MARK: - Turns

    /// Waits for a turn; who gets one must ``leave(_:)``.
    func enter(_ destination: String) async -> Turn {
        let number: Int? = state.withLock { state in
            if state.destinations[destination, default: Destination()].underWay < limits.connections {
                state.destinations[destination, default: Destination()].underWay += 1
                return nil
            }
            state.next += 1
            return state.next
        }
        guard let number else { return .come }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let turn: Turn? = state.withLock { state in
                    guard !Task.isCancelled else { return .cancelled }
                    guard state.destinations[destination, default: Destination()].underWay >= limits.connections else {
                        state.destinations[destination, default: Destination()].underWay += 1
                        return .come
                    }
                    state.destinations[destination]?.waiting.append(Waiting(number: number, continuation: continuation))
                    return nil
                }
                if let turn { continuation.resume(returning: turn) }
            }
        } onCancel: {
            let waiting = state.withLock { state -> Waiting? in
                guard let index = state.destinations[destination]?.waiting.firstIndex(where: { $0.number == number }) else {
                    return nil
                }
                return state.destinations[destination]?.waiting.remove(at: index)
            }
            waiting?.continuation.resume(returning: .cancelled)
        }
    }

    /// Gives the turn to whoever has waited longest.
    func leave(_ destination: String) {
        let next = state.withLock { state -> Waiting? in
            guard let isAwaited = state.destinations[destination].map({ !$0.waiting.isEmpty }) else { return nil }
            if isAwaited { return state.destinations[destination]?.waiting.removeFirst() }
            state.destinations[destination]?.underWay -= 1
            if state.destinations[destination]?.isForgotten == true { state.destinations[destination] = nil }
            return nil
        }
        next?.continuation.resume(returning: .come)
    }

    // MARK: - Connections

    /// A connection to one of these hosts: the one last used, which is the least likely to have been closed.
    func take(for destination: String, to hosts: [Route.Host]) -> Kept? {
        state.withLock { state in
            guard
                let index = state.destinations[destination]?.kept.lastIndex(where: { kept in hosts.contains { $0.name == kept.host }
                })
            else { return nil }
            state.kept -= 1
            return state.destinations[destination]?.kept.remove(at: index)
        }
    }

    /// Keeps a connection that has carried another message, if it can be used again.
    func put(_ kept: Kept, for destination: String) {
        var kept = kept
        kept.messages += 1
        kept.since = .now
        let isFit = kept.session.isReusable && kept.messages < limits.messages
        state.withLock { state in
            let others = state.destinations[destination]?.kept.count ?? 0
            guard isFit, others < limits.connections, state.kept < limits.idleInAll else {
                state.retired.append(kept.session)
                return
            }
            state.destinations[destination, default: Destination()].kept.append(kept)
            state.kept += 1
        }
    }

    /// Sees to waits that are too long and closes connections that are not needed, and all of them in the end.
    func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                while !Task.isCancelled {
                    do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
                    for session in self.tidy(at: .now) { group.addTask { await session.quit() } }
                }
            }
        }
        await withDiscardingTaskGroup { group in
            for session in tidy(at: .now + .seconds(86_400)) { group.addTask { await session.quit() } }
        }
    }

    /// - Returns: The connections to close.
    private func tidy(at now: ContinuousClock.Instant) -> [SMTPSession] {
        let (late, old) = state.withLock { state -> ([Waiting], [SMTPSession]) in
            var late: [Waiting] = []
            var old = state.retired
            state.retired = []
            for (name, var entry) in state.destinations {
                let isOld = { (kept: Kept) in kept.since + self.limits.idle <= now || !kept.session.isReusable }
                let isLate = { (waiting: Waiting) in waiting.since + self.limits.wait <= now }
                old += entry.kept.filter(isOld).map(\.session)
                late += entry.waiting.filter(isLate)
                state.kept -= entry.kept.count
                entry.kept.removeAll(where: isOld)
                entry.waiting.removeAll(where: isLate)
                state.kept += entry.kept.count
                state.destinations[name] = entry.isForgotten ? nil : entry
            }
            return (late, old)
        }
        for waiting in late { waiting.continuation.resume(returning: .missed) }
        return old
    }
}
