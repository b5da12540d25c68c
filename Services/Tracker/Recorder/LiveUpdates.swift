import ServiceLifecycle
import Synchronization

/// Tells those who watch the history that it has grown: a nudge after each commit, and one now and then so that connections stay alive.
///
/// Whoever is nudged looks for what is new themselves; a watcher that is slow misses nudges, never facts.
final class LiveUpdates: Service, Sendable {
    /// The most watchers at once, in all pages and streams.
    static let mostListeners = 200

    private struct State {
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
        var isOver = false
    }

    private let state = Mutex(State())
    private let heartbeat: Duration

    init(heartbeat: Duration = .seconds(15)) {
        self.heartbeat = heartbeat
    }

    /// The nudges from now on; `nil` where there are too many listeners already. Ends when the service stops.
    func listen() -> AsyncStream<Void>? {
        state.withLock { state in
            guard !state.isOver, state.listeners.count < Self.mostListeners else { return nil }
            let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
            let number = state.next
            state.next += 1
            state.listeners[number] = continuation
            continuation.onTermination = { [weak self] _ in self?.forget(number) }
            return stream
        }
    }

    func nudge() {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield() }
    }

    private func forget(_ number: Int) {
        _ = state.withLock { $0.listeners.removeValue(forKey: number) }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [heartbeat] in
            while !Task.isCancelled {
                do { try await Task.sleep(for: heartbeat) } catch { break }
                self.nudge()
            }
        }
        // Ended outside the lock: ending calls `forget`.
        let listeners = state.withLock { state in
            state.isOver = true
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
