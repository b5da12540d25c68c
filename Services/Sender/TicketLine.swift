import Mail
import Synchronization

/// Bundles of tickets that wait for slots, and the slots. For one reader.
final class TicketLine: Sendable {
    private struct State {
        var waiting: ArraySlice<(bundle: TicketBundle, since: Timestamp)> = []
        let slots: Int
        var free: Int
        var reader: CheckedContinuation<[TicketBundle]?, Never>?
        var isClosed = false

        /// Those for which there are slots; they have them. A bundle stays together, so that one that waits can be given back.
        mutating func take() -> [TicketBundle] {
            var taken: [TicketBundle] = []
            // One that is larger than all slots together has to fit as well.
            while let first = waiting.first?.bundle, first.tickets.count <= free || free == slots {
                waiting.removeFirst()
                free -= first.tickets.count
                taken.append(first)
            }
            if waiting.isEmpty { waiting = [] }
            return taken
        }
    }

    private let state: Mutex<State>

    /// - Parameter slots: Attempts at once.
    init(slots: Int) { state = Mutex(State(slots: slots, free: slots)) }

    /// Whether anything waits.
    var isWaiting: Bool { state.withLock { !$0.waiting.isEmpty } }

    /// - Returns: Whether the line takes it: it does not once it is closed.
    func append(_ bundle: TicketBundle, at now: Timestamp) -> Bool {
        wake { state in
            guard !state.isClosed else { return false }
            state.waiting.append((bundle, now))
            return true
        }
    }

    /// Slots are free again.
    func release(_ count: Int) {
        wake { $0.free += count }
    }

    /// What has slots now, waiting for the first; `nil` once the line is closed.
    func take() async -> [TicketBundle]? {
        await withCheckedContinuation { continuation in
            let taken: [TicketBundle]?? = state.withLock { state in
                if state.isClosed { return .some(nil) }
                let taken = state.take()
                guard taken.isEmpty else { return taken }
                state.reader = continuation
                return nil
            }
            if let taken { continuation.resume(returning: taken) }
        }
    }

    /// Takes out what has waited since `time` or longer.
    func removeAll(since time: Timestamp) -> [TicketBundle] {
        state.withLock { state in
            let old = state.waiting.prefix { $0.since <= time }.map(\.bundle)
            state.waiting.removeFirst(old.count)
            return old
        }
    }

    /// Nothing is taken any more.
    /// - Returns: What waited.
    func close() -> [TicketBundle] {
        let (rest, reader) = state.withLock { state in
            defer {
                state.waiting = []
                state.reader = nil
                state.isClosed = true
            }
            return (state.waiting.map(\.bundle), state.reader)
        }
        reader?.resume(returning: nil)
        return rest
    }

    private func wake<Value: Sendable>(_ change: (inout State) -> Value) -> Value {
        let (value, taken, reader) = state.withLock {
            state -> (Value, [TicketBundle], CheckedContinuation<[TicketBundle]?, Never>?) in
            let value = change(&state)
            guard let reader = state.reader else { return (value, [], nil) }
            let taken = state.take()
            guard !taken.isEmpty else { return (value, [], nil) }
            state.reader = nil
            return (value, taken, reader)
        }
        reader?.resume(returning: taken)
        return value
    }
}
