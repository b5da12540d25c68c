import Mail
import Store

extension Ledger {
    /// Takes in what senders report, each fact once. What is not about a delivery of ours is passed over.
    func learn(_ facts: [Fact]) async throws {
        try await change { [rules] change in
            for fact in facts where try Inbox.admit(fact.id, at: change.now, in: change.database) {
                switch fact.body {
                case .attemptDelivered(let ended): try change.learn(.attemptDelivered, of: ended, from: fact, rules)
                case .attemptDeferred(let ended): try change.learn(.attemptDeferred, of: ended, from: fact, rules)
                case .attemptBounced(let ended): try change.learn(.attemptBounced, of: ended, from: fact, rules)
                case .attemptUncertain(let ended): try change.learn(.attemptUncertain, of: ended, from: fact, rules)
                case .attemptAbandoned(let ended): try change.learn(.attemptAbandoned, of: ended, from: fact, rules)
                case .sessionEnded(let ended): try change.end(ended.session, rules)
                case .deliveryFailed(let failed): try change.learn(failed)
                default: break
                }
            }
        }
    }
}

extension Change {
    fileprivate mutating func learn(_ event: DeliveryEvent, of ended: AttemptEnded, from fact: Fact, _ rules: WorkRules) throws {
        guard let old = try Delivery.find(ended.delivery, in: self) else { return }
        var work = old
        let facts = work.learn(event, of: ended, at: fact.occurredAt, now: now, rules: rules, jitter: jitter())
        try save(work, instead: old, facts: facts)
    }

    /// A sender found that the message cannot be made. The fact is told already; what we told ourselves changes nothing.
    fileprivate mutating func learn(_ failed: DeliveryFailed) throws {
        guard let old = try Delivery.find(failed.delivery, in: self) else { return }
        var work = old
        _ = work.fail(failed.reason, detail: failed.detail ?? "")
        try save(work, instead: old, facts: [])
    }

    /// Whatever the session had claimed and not reported never left: it is pending again.
    fileprivate mutating func end(_ session: SessionID, _ rules: WorkRules) throws {
        try run("INSERT INTO ended_sessions (id, ended_at) VALUES (?, ?) ON CONFLICT DO NOTHING", [.id(session), .time(now)])
        note(ended: session)
        let claimed = try all(
            """
            SELECT \(Delivery.columns) FROM deliveries WHERE state = 'sending' AND due_at IS NOT NULL AND session = ?
            """, [.id(session)]
        ) { try Delivery(row: &$0) }
        for old in claimed {
            var work = old
            let facts = work.loseSession(at: now, rules: rules, jitter: jitter())
            try save(work, instead: old, facts: facts)
        }
    }
}
