import Mail
import Synchronization

/// Bounds how many hits of one token are recorded in a day, in a fixed amount of memory.
///
/// Counts stand in cells that several tokens may share, so that a token can reach its cap a little early, never late.
final class RateCap: Sendable {
    private struct State {
        var day: Int64 = 0
        var cells: [UInt16]
    }

    private let state: Mutex<State>
    private let most: UInt16

    /// - Parameters:
    ///   - most: Hits a token and day, 1 to 65,535.
    ///   - cells: How many counters there are: two bytes of memory each.
    init(most: UInt16 = 1000, cells: Int = 1 << 19) {
        self.most = most
        state = Mutex(State(cells: Array(repeating: 0, count: max(cells, 1))))
    }

    /// Counts one hit of `token`; `false` where it is one too many for today.
    func admit(_ token: TrackingToken, at now: Timestamp) -> Bool {
        let hash = UInt(bitPattern: token.hashValue)
        return state.withLock { state in
            if state.day != now.dayNumber {
                state.day = now.dayNumber
                for index in state.cells.indices { state.cells[index] = 0 }
            }
            let cell = Int(hash % UInt(state.cells.count))
            guard state.cells[cell] < most else { return false }
            state.cells[cell] += 1
            return true
        }
    }
}
