import GRDB
import Mail
import Store

extension Ledger {
    /// Pending deliveries without a ticket, oldest first.
    func unticketed(atMost limit: Int) async throws -> [Ticket] {
        try await store.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT id, attempt FROM deliveries WHERE state = 'pending' AND ticketed_at IS NULL ORDER BY number LIMIT ?
                    """, arguments: [limit]
            ).map { Ticket(delivery: try $0.value("id"), attempt: try $0.value("attempt")) }
        }
    }

    /// Notes that the broker has these tickets.
    func noteIssued(_ tickets: [Ticket]) async throws {
        try await change { change in
            for ticket in tickets {
                try change.run(
                    "UPDATE deliveries SET ticketed_at = ? WHERE id = ? AND state = 'pending' AND attempt = ?",
                    [change.now, ticket.delivery, ticket.attempt])
            }
        }
    }

    /// Whether a delivery is still pending whose ticket was issued before `time`.
    func hasTicket(issuedBefore time: Timestamp) async throws -> Bool {
        try await store.read { database in
            try Bool.fetchOne(
                database, sql: "SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'pending' AND ticketed_at < ?)",
                arguments: [time]) ?? false
        }
    }

    /// Takes back tickets issued before `time` that nobody has claimed, so that they are issued again; at most `limit`.
    func withdrawTickets(issuedBefore time: Timestamp, atMost limit: Int) async throws -> Int {
        try await change { change in
            try change.run(
                """
                UPDATE deliveries SET ticketed_at = NULL WHERE number IN (SELECT number FROM deliveries
                    WHERE state = 'pending' AND ticketed_at < ? ORDER BY ticketed_at LIMIT ?)
                """, [time, limit])
            return change.database.changesCount
        }
    }
}
