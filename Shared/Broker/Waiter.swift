import Synchronization

/// Someone who waits for the outcome of one or several parts: the last one to succeed, or the first to fail, lets them go.
final class Waiter<Value: Sendable>: Sendable {
    private enum State {
        case early(Result<Value, any Error>)
        case waiting(CheckedContinuation<Value, any Error>)
        case idle
        case over
    }

    private let state = Mutex<(parts: Int, State)>((0, .idle))

    init(parts: Int = 1) {
        state.withLock { $0 = (parts, .idle) }
    }

    /// Whether nobody waits any more.
    var isOver: Bool {
        state.withLock {
            switch $0.1 {
            case .over, .early: true
            case .idle, .waiting: false
            }
        }
    }

    /// Waits; a cancelled task waits no longer.
    /// - Parameter start: Sets off what is waited for.
    func wait(_ start: @Sendable () -> Void) async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let early = state.withLock { state -> Result<Value, any Error>? in
                    guard case .early(let result) = state.1 else {
                        state.1 = .waiting(continuation)
                        return nil
                    }
                    state.1 = .over
                    return result
                }
                if let early { continuation.resume(with: early) } else { start() }
            }
        } onCancel: {
            finish(.failure(CancellationError()))
        }
    }

    func succeed(_ value: Value) {
        let isLast = state.withLock { state in
            state.parts -= 1
            return state.parts <= 0
        }
        if isLast { finish(.success(value)) }
    }

    func fail(_ error: any Error) { finish(.failure(error)) }

    private func finish(_ result: Result<Value, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            switch state.1 {
            case .waiting(let continuation):
                state.1 = .over
                return continuation
            case .idle:
                state.1 = .early(result)
                return nil
            case .early, .over:
                return nil
            }
        }
        continuation?.resume(with: result)
    }
}
