import Synchronization

/// Where deliveries wait to be taken, all that are there at once. For one reader.
final class Inbox: Sendable {
    private struct State {
        var arrived: [Incoming] = []
        var reader: CheckedContinuation<[Incoming]?, Never>?
        var isFinished = false
    }

    private let state = Mutex(State())

    /// What has arrived, waiting for the first; `nil` at the end or when cancelled.
    func take() async -> [Incoming]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (now, former) = state.withLock { state -> ([Incoming]??, CheckedContinuation<[Incoming]?, Never>?) in
                    if !state.arrived.isEmpty, !Task.isCancelled {
                        defer { state.arrived = [] }
                        return (.some(state.arrived), nil)
                    }
                    if state.isFinished || Task.isCancelled { return (.some(nil), nil) }
                    defer { state.reader = continuation }
                    return (nil, state.reader)
                }
                former?.resume(returning: nil)
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let reader = state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: nil)
        }
    }

    func deliver(_ incoming: [Incoming]) {
        let (reader, batch) = state.withLock { state in
            if state.arrived.isEmpty { state.arrived = incoming } else { state.arrived += incoming }
            guard let reader = state.reader, !state.arrived.isEmpty else {
                return (CheckedContinuation<[Incoming]?, Never>?.none, [Incoming]())
            }
            defer {
                state.reader = nil
                state.arrived = []
            }
            return (reader, state.arrived)
        }
        reader?.resume(returning: batch)
    }

    /// Forgets what nobody has taken yet: its connection is gone and it will come again.
    func discard() { state.withLock { $0.arrived = [] } }

    /// Nothing more will come.
    /// - Returns: What nobody has taken.
    func finish() -> [Incoming] {
        let (reader, rest) = state.withLock { state in
            state.isFinished = true
            defer {
                state.reader = nil
                state.arrived = []
            }
            return (state.reader, state.arrived)
        }
        reader?.resume(returning: nil)
        return rest
    }
}
