import GRDB
import Mail
import Store

/// One transaction of the ledger: what it writes, and what follows from it once it is written.
struct Change {
    let database: Database
    let now: Timestamp
    private var facts: [Fact] = []
    /// Mailings of which a delivery came to its end.
    private var settledMailings: Set<MailingID> = []
    private(set) var setsTime = false
    /// What has become of deliveries, in order.
    private(set) var moves: [Delivery] = []
    private(set) var endedSessions: [SessionID] = []
    private var lastPlace: Int64?
    private var random = SystemRandomNumberGenerator()

    init(database: Database, now: Timestamp) {
        self.database = database
        self.now = now
    }

    /// Uniform in `-1...1`.
    mutating func jitter() -> Double { Double.random(in: -1...1, using: &random) }

    mutating func freshDelivery() -> DeliveryID { .v7(at: now, random: &random) }

    func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    func row(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
        try Row.fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
    }

    func rows(_ sql: String, _ arguments: StatementArguments) throws -> [Row] {
        try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
    }

    mutating func tell(_ bodies: [Fact.Body], of organization: String) {
        for body in bodies {
            facts.append(Fact(id: .v7(at: now, random: &random), organization: organization, occurredAt: now, body: body))
        }
    }

    /// - Parameter moment: When it happened.
    mutating func tell(_ body: Fact.Body, of organization: String, at moment: Timestamp) {
        tell(Fact(id: .v7(at: now, random: &random), organization: organization, occurredAt: moment, body: body))
    }

    mutating func tell(_ fact: Fact) { facts.append(fact) }

    /// Notes what begins or ends with a delivery's new state.
    mutating func note(_ work: Delivery) {
        if work.isOver { settledMailings.insert(work.mailing) }
        if work.dueAt != nil { setsTime = true }
        moves.append(work)
    }

    /// Notes that a sender is no more.
    mutating func note(ended session: SessionID) { endedSessions.append(session) }

    /// The place behind all that wait.
    mutating func nextPlace() throws -> Int64 {
        let last = try lastPlace ?? row("SELECT last FROM places", [])?.value("last") ?? 0
        lastPlace = last + 1
        return last + 1
    }

    /// Writes what has become of a delivery and tells the facts.
    mutating func save(_ work: Delivery, instead old: Delivery, facts bodies: [Fact.Body]) throws {
        tell(bodies, of: work.organization)
        guard work != old else { return }
        let isPlaceKept = work.state == .pending && old.state == .pending
        let place = work.state == .pending && !isPlaceKept ? try nextPlace() : nil
        try run(
            """
            UPDATE deliveries SET state = ?, attempt = ?, session = ?, due_at = ?, first_deferred_at = ?, deferrals = ?,
                uncertainties = ?, abandonments = ?, place = CASE WHEN ? THEN ? ELSE place END,
                changed_at = CASE WHEN state = ? THEN changed_at ELSE ? END
            WHERE id = ?
            """,
            [
                work.state.rawValue, work.attempt, work.session, work.dueAt, work.firstDeferredAt, work.deferrals,
                work.uncertainties, work.abandonments, !isPlaceKept, place, work.state.rawValue, now, work.id,
            ])
        note(work)
    }

    /// Deletes attachments that nobody needs any more and puts the facts into the outbox.
    mutating func finish() throws {
        if let lastPlace { try run("UPDATE places SET last = ?", [lastPlace]) }
        for mailing in settledMailings.sorted() { try dropAttachments(of: mailing) }
        if !facts.isEmpty { try Outbox.put(facts, in: database) }
    }

    private func dropAttachments(of mailing: MailingID) throws {
        let hashes = try rows(
            """
            DELETE FROM mailing_blobs WHERE mailing = ?1 AND NOT EXISTS (SELECT 1 FROM deliveries
                WHERE mailing = ?1 AND state IN ('scheduled', 'pending', 'sending', 'deferred', 'uncertain'))
            RETURNING hash
            """, [mailing])
        for row in hashes {
            let hash: String = row["hash"]
            try run("DELETE FROM blobs WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM mailing_blobs WHERE hash = ?1)", [hash])
        }
    }
}
