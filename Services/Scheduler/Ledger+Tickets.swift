import GRDB
import Mail
import Runtime
import Store
import Synchronization

extension Ledger {
    /// Learns what waits and what is under way; once, before anything else is asked of the ledger.
    func learnTraffic() async throws {
        let (waiting, sending) = try await store.read { database in
            let waiting = try Row.fetchAll(
                database, sql: "SELECT DISTINCT organization, domain FROM deliveries WHERE state = 'pending'")
            let sending = try Row.fetchAll(
                database, sql: "SELECT id, attempt, organization, domain, session FROM deliveries WHERE state = 'sending'")
            return (
                try waiting.map(Traffic.Lane.init(row:)),
                try sending.map { row in
                    (
                        Ticket(delivery: try row.value("id"), attempt: try row.value("attempt")), try Traffic.Lane(row: row),
                        try row.value("session", as: SessionID.self)
                    )
                }
            )
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
            let statement = try database.cachedStatement(
                sql: """
                    SELECT id, attempt, place FROM deliveries
                    WHERE state = 'pending' AND organization = ? AND domain = ? AND place > ? ORDER BY place LIMIT ?
                    """)
            return try turns.map { turn in
                guard turn.count > 0 else { return [] }
                return try Row.fetchAll(
                    statement,
                    arguments: [turn.lane.organization, turn.lane.domain, turn.place, max(turn.count, Self.readAhead)]
                ).map { row in
                    Traffic.Waiting(
                        ticket: Ticket(delivery: try row.value("id"), attempt: try row.value("attempt")),
                        place: try row.value("place"))
                }
            }
        }
    }
}

extension Traffic.Lane {
    init(row: Row) throws {
        self.init(organization: try row.value("organization"), domain: try row.value("domain"))
    }
}
