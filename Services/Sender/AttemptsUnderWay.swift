import Mail
import Synchronization

/// Which attempts this session has begun, so that a ticket that comes twice never sends a second copy: the scheduler gives one
/// session the same job as often as it asks.
final class AttemptsUnderWay: Sendable {
    private let state = Mutex(State())
    /// The most finished attempts that are remembered. Beyond that the scheduler itself refuses the ticket, for it has heard of the outcome
    /// by then: a ticket comes twice only where the sender's or the scheduler's connection broke just as it was settled or issued, so a
    /// second copy would take that and 100,000 outcomes of this session that the scheduler has not read while it answers claims.
    private let memory: Int

    private struct State {
        /// With whether another ticket for it has come since.
        var begun: [Ticket: Bool] = [:]
        var finished: Set<Ticket> = []
        /// A ring of what is in `finished`, oldest at `next` once it is full.
        var ring: [Ticket] = []
        var next = 0
    }

    init(memory: Int = 100_000) { self.memory = memory }

    var count: Int { state.withLock { $0.begun.count } }

    /// `false` where the attempt is under way or has been made: the ticket is spent.
    func begin(_ ticket: Ticket) -> Bool {
        state.withLock { state in
            guard !state.finished.contains(ticket) else { return false }
            return state.begun.updateValue(state.begun[ticket] != nil, forKey: ticket) == nil
        }
    }

    /// The attempt was not made; another ticket for it may come.
    /// - Returns: Whether another has come, and was spent, since it began.
    @discardableResult
    func forget(_ ticket: Ticket) -> Bool {
        state.withLock { $0.begun.removeValue(forKey: ticket) ?? false }
    }

    func finish(_ ticket: Ticket) {
        state.withLock { state in
            state.begun[ticket] = nil
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
