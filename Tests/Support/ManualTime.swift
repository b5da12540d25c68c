package import Mail
package import Runtime
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualTime: Sendable {
    private struct Sleeper {
        let name: Int
        let due: Timestamp
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Timestamp
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var next = 0
    }

    private let state: Mutex<State>

    package init(_ now: Timestamp) {
        state = Mutex(State(now: now))
    }

    package var now: Timestamp { state.withLock { $0.now } }

    /// How many wait for the clock just now: what a test waits for before it moves it.
    package var sleepers: Int { state.withLock { $0.sleepers.count } }

    /// What the code under test is given.
    package var source: TimeSource {
        TimeSource(now: { self.now }, sleep: { try await self.sleep($0) })
    }

    package func advance(by duration: Duration) { advance(to: now + duration) }

    /// Moves the clock, backwards too, and wakes those whose time has come, in the order of their times.
    package func advance(to time: Timestamp) {
        let due = state.withLock { state in
            state.now = time
            let due = state.sleepers.filter { $0.due <= time }.sorted { $0.due < $1.due }
            state.sleepers.removeAll { $0.due <= time }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    private enum Fate {
        case asleep
        case over
        case cancelled
    }

    private func sleep(_ duration: Duration) async throws {
        let name = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let fate = state.withLock { state in
                    if state.cancelled.remove(name) != nil { return Fate.cancelled }
                    guard duration > .zero else { return .over }
                    state.sleepers.append(Sleeper(name: name, due: state.now + duration, continuation: continuation))
                    return .asleep
                }
                switch fate {
                case .asleep: break
                case .over: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                guard let index = state.sleepers.firstIndex(where: { $0.name == name }) else {
                    state.cancelled.insert(name)
                    return Sleeper?.none
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}
