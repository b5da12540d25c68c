import Mail
import Synchronization

/// Which attempts this session has begun, so that a ticket that comes twice never sends a second copy: the scheduler gives one
/// session the same job as often as it asks.
final class AttemptsUnderWay: Sendable {
    private let state = Mutex(State())
    /// The most finished attempts that are remembered; by then the scheduler has long heard of the oldest.
    private let memory: Int

    private struct State {
        var begun: Set<Ticket> = []
        var finished: Set<Ticket> = []
        /// A ring of what is in `finished`, oldest at `next` once it is full.
        var ring: [Ticket] = []
        var next = 0
    }

    init(memory: Int = 100_000) { self.memory = memory }

    var count: Int { state.withLock { $0.begun.count } }

    /// `false` where the attempt is under way or has been made: the ticket is spent.
    func begin(_ ticket: Ticket) -> Bool {
        state.withLock { !$0.finished.contains(ticket) && $0.begun.insert(ticket).inserted }
    }

    /// The attempt was not made; another ticket for it may come.
    func forget(_ ticket: Ticket) {
        state.withLock { _ = $0.begun.remove(ticket) }
    }

    func finish(_ ticket: Ticket) {
        state.withLock { state in
            state.begun.remove(ticket)
            guard state.finished.insert(ticket).inserted else { return }
            if state.ring.count < memory {
                state.ring.append(ticket)
            } else {
                state.finished.remove(state.ring[state.next])
                state.ring[state.next] = ticket
                state.next = (state.next + 1) % memory
            }
        }
    }
}
