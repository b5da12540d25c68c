import Mail
import Synchronization

/// One message of tickets, settled when each of them is: acked, or given back whole where one of them has to come again. The others
/// then come twice, which does no harm.
final class TicketBundle: Sendable {
    let tickets: [Ticket]
    private let settled: @Sendable (_ comesAgain: Bool) -> Void
    private let state: Mutex<(open: Int, comesAgain: Bool)>

    /// - Parameters:
    ///   - tickets: Those of the message that are to be worked on; at least one.
    ///   - settled: Hears, once, when all are settled.
    init(_ tickets: [Ticket], settled: @escaping @Sendable (_ comesAgain: Bool) -> Void) {
        self.tickets = tickets
        self.settled = settled
        state = Mutex((tickets.count, false))
    }

    /// Nothing is left to be done for one of its tickets.
    func ack() { settle(comesAgain: false) }

    /// One of its tickets is for another sender, or for later.
    func requeue() { settle(comesAgain: true) }

    private func settle(comesAgain: Bool) {
        let (isOver, comesAgain) = state.withLock { state in
            state.open -= 1
            if comesAgain { state.comesAgain = true }
            return (state.open == 0, state.comesAgain)
        }
        if isOver { settled(comesAgain) }
    }
}
