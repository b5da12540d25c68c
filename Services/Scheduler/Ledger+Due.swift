import Mail
import Store

extension Ledger {
    /// Moves on what has fallen due, at most `limit` deliveries, so that claims are not kept waiting.
    /// - Returns: How many fell due.
    func advanceDue(atMost limit: Int) async throws -> Int {
        try await change { [rules] change in
            var due: [Delivery] = []
            for state in Delivery.timedStates where due.count < limit {
                due += try change.all(
                    """
                    SELECT \(Delivery.columns) FROM deliveries
                    WHERE state = ? AND due_at IS NOT NULL AND due_at <= ? ORDER BY due_at LIMIT ?
                    """, [.text(state.rawValue), .time(change.now), .number(limit - due.count)]
                ) { try Delivery(row: &$0) }
            }
            for old in due {
                var work = old
                let facts = work.fallDue(at: change.now, rules: rules, jitter: change.jitter())
                try change.save(work, instead: old, facts: facts)
            }
            return due.count
        }
    }

    /// When the next delivery falls due; `nil` where none waits for its time.
    func nextDue() async throws -> Timestamp? {
        try await store.read { database in
            let query = try Query(
                "SELECT due_at FROM deliveries WHERE state = ? AND due_at IS NOT NULL ORDER BY due_at LIMIT 1", in: database)
            return try Delivery.timedStates.compactMap { try query.first([.text($0.rawValue)]) { try $0.time() } }.min()
        }
    }
}
