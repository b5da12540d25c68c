import GRDB
import Mail
import Store

/// One transaction of the ledger: what it writes, and what follows from it once it is written.
struct Change {
    let database: Database
    let now: Timestamp
    private var facts: [Fact] = []
    /// How many deliveries of each mailing came to their end.
    private var ended: [MailingID: Int] = [:]
    /// The earliest time that was set at which something falls due.
    private(set) var earliestDue: Timestamp?
    /// What has become of deliveries, in order.
    private(set) var moves: [Delivery] = []
    private(set) var endedSessions: [SessionID] = []
    private var lastPlace: Int?
    private var random = RandomPool()

    init(database: Database, now: Timestamp) {
        self.database = database
        self.now = now
    }

    /// Uniform in `-1...1`.
    mutating func jitter() -> Double { Double.random(in: -1...1, using: &random) }

    func run(_ sql: String, _ values: [SQLValue] = []) throws { try Query(sql, in: database).run(values) }

    func first<Value>(_ sql: String, _ values: [SQLValue], _ read: (inout Columns) throws -> Value) throws -> Value? {
        try Query(sql, in: database).first(values, read)
    }

    func all<Value>(_ sql: String, _ values: [SQLValue], _ read: (inout Columns) throws -> Value) throws -> [Value] {
        try Query(sql, in: database).all(values, read)
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
    /// - Parameter old: Its state before; `nil` for one that has just begun.
    mutating func note(_ work: Delivery, after old: DeliveryState?) {
        if work.isOver, old?.isOver != true { ended[work.mailing, default: 0] += 1 }
        if let due = work.dueAt { earliestDue = min(earliestDue ?? due, due) }
        moves.append(work)
    }

    /// Notes that a sender is no more.
    mutating func note(ended session: SessionID) { endedSessions.append(session) }

    /// The place behind all that wait.
    mutating func nextPlace() throws -> Int {
        let last = try lastPlace ?? first("SELECT last FROM places", []) { try $0.number() } ?? 0
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
                .text(work.state.rawValue), .number(work.attempt), .id(work.session), .time(work.dueAt),
                .time(work.firstDeferredAt), .number(work.deferrals), .number(work.uncertainties), .number(work.abandonments),
                .flag(!isPlaceKept), .number(place), .text(work.state.rawValue), .time(now), .id(work.id),
            ])
        note(work, after: old.state)
    }

    /// Deletes attachments that nobody needs any more and puts the facts into the outbox.
    mutating func finish() throws {
        if let lastPlace { try run("UPDATE places SET last = ?", [.number(lastPlace)]) }
        for (mailing, count) in ended.sorted(by: { $0.key < $1.key }) {
            let left = try first(
                "UPDATE mailings SET under_way = under_way - ? WHERE id = ? RETURNING under_way", [.number(count), .id(mailing)]
            ) { try $0.number() }
            if left == 0 { try dropAttachments(of: mailing) }
        }
        if !facts.isEmpty { try Outbox.put(facts, in: database) }
    }

    private func dropAttachments(of mailing: MailingID) throws {
        let hashes = try all("DELETE FROM mailing_blobs WHERE mailing = ? RETURNING hash", [.id(mailing)]) { try $0.text() }
        for hash in hashes {
            try run("DELETE FROM blobs WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM mailing_blobs WHERE hash = ?1)", [.text(hash)])
        }
    }
}
