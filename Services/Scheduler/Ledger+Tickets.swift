import Mail
import Runtime
import Store
import Synchronization

extension Ledger {
    /// Learns what waits and what is under way; once, before anything else is asked of the ledger.
    func learnTraffic() async throws {
        let (waiting, sending) = try await store.read { database in
            let waiting = try Query(
                "SELECT DISTINCT organization, domain FROM deliveries WHERE state = 'pending'", in: database
            ).all { try Traffic.Lane(row: &$0) }
            let sending = try Query(
                """
                SELECT id, attempt, organization, domain, session FROM deliveries
                WHERE state = 'sending' AND due_at IS NOT NULL
                """, in: database
            ).all { (try Ticket(row: &$0), try Traffic.Lane(row: &$0), try $0.id(OfSession.self)) }
            return (waiting, sending)
        }
        traffic.withLock { traffic in
            for lane in waiting { traffic.wait(in: lane) }
            for (ticket, lane, session) in sending { traffic.restore(ticket, in: lane, of: session, at: time.now()) }
        }
    }

    /// Tickets for as many deliveries as limits and free slots allow now; at most `limit`. They count as issued.
    /// - Returns: The tickets, and when a rate lets more through; `nil` where nothing but other news does.
    func takeTickets(atMost limit: Int) async throws -> (tickets: [Ticket], again: Timestamp?) {
        var (turns, again) = traffic.withLock { $0.plan(atMost: limit, at: time.now()) }
        var tickets: [Ticket] = []
        while !turns.isEmpty {
            let found: [[Traffic.Waiting]]
            do {
                found = try await heads(of: turns)
            } catch {
                traffic.withLock { traffic in
                    for turn in turns { traffic.abandon(turn) }
                    for ticket in tickets { traffic.unissued(ticket) }
                }
                throw error
            }
            let room = limit - tickets.count
            (turns, again) = traffic.withLock { traffic in
                var isShort = false
                for (turn, found) in zip(turns, found) {
                    tickets += traffic.settle(turn, found: found, at: time.now())
                    if found.count < turn.count { isShort = true }
                }
                // Where a lane had less than was thought, others may have its part.
                return isShort && room > 0 ? traffic.plan(atMost: limit - tickets.count, at: time.now()) : ([], again)
            }
        }
        return (tickets, again)
    }

    /// How many are read of a lane at once, at least, so that not every ticket costs a question to the disk.
    private static let readAhead = 64

    /// The first that wait in each lane, beyond the place where it was left.
    private func heads(of turns: [Traffic.Turn]) async throws -> [[Traffic.Waiting]] {
        try await store.read { database in
            let query = try Query(
                """
                SELECT id, attempt, place FROM deliveries
                WHERE state = 'pending' AND organization = ? AND domain = ? AND place > ? ORDER BY place LIMIT ?
                """, in: database)
            return try turns.map { turn in
                guard turn.count > 0 else { return [] }
                return try query.all(
                    [
                        .text(turn.lane.organization), .text(turn.lane.domain), .integer(turn.place),
                        .number(max(turn.count, Self.readAhead)),
                    ]
                ) { Traffic.Waiting(ticket: try Ticket(row: &$0), place: Int64(try $0.number())) }
            }
        }
    }
}

extension Traffic.Lane {
    /// Reads organization and domain.
    init(row: inout Columns) throws { self.init(organization: try row.text(), domain: try row.text()) }
}

extension Ticket {
    /// Reads a delivery's id and attempt.
    fileprivate init(row: inout Columns) throws { self.init(delivery: try row.id(), attempt: try row.number()) }
}
