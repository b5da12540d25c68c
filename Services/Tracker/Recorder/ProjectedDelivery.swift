import GRDB
import Mail
import Store

/// A delivery's row while the recorder works on it.
struct ProjectedDelivery {
    let id: DeliveryID
    let mailing: Int64
    let organization: String
    private(set) var state: DeliveryState
    private var reason: DeliveryReason?
    private var attempts: Int
    private var changedAt: Timestamp?
    private var firstDeferredAt: Timestamp?
    /// Where the last fact stands that was folded in; every fact up to there was.
    private(set) var last: DeliveryStatus.Place?
    private var views: Hits
    private var firstViewedAt: Timestamp?
    private var lastViewedAt: Timestamp?
    private var lastView: FactID?
    private var client: String?
    var clicks: Hits
    /// When its recipient unsubscribed through it; `nil` where they did not, or came back.
    var unsubscribedAt: Timestamp?

    /// Viewed by a person, or clicked by one.
    var isRead: Bool { views.people > 0 || clicks.people > 0 }

    static func fetch(_ id: DeliveryID, in database: Database) throws -> ProjectedDelivery? {
        try Row.fetchOne(database.cachedStatement(sql: "SELECT \(columns) FROM deliveries WHERE id = ?"), arguments: [id])
            .map(ProjectedDelivery.init)
    }

    /// Read by their place: looking them up by name costs more than reading them.
    private static let columns = """
        id, mailing, organization, state, reason, bounce_class, detail, attempts, changed_at, first_deferred_at, last_attempt, last_rank,
        last_at, last_fact, views, views_people, first_viewed_at, last_viewed_at, last_view, client, clicks, clicks_people,
        unsubscribed_at
        """

    private init(_ row: Row) {
        id = row[0]
        mailing = row[1]
        organization = row[2]
        state = DeliveryState(rawValue: row[3]) ?? .scheduled
        reason = DeliveryReason(storedCode: row[4], bounceClass: row[5], detail: row[6])
        attempts = row[7]
        changedAt = row[8]
        firstDeferredAt = row[9]
        if let attempt: Int = row[10], let rank: Int = row[11], let at: Timestamp = row[12], let fact: FactID = row[13] {
            last = DeliveryStatus.Place(attempt: attempt, rank: rank, at: at, fact: fact)
        }
        views = Hits(all: row[14], people: row[15])
        firstViewedAt = row[16]
        lastViewedAt = row[17]
        lastView = row[18]
        client = row[19]
        clicks = Hits(all: row[20], people: row[21])
        unsubscribedAt = row[22]
    }

    /// Takes over what all facts of the log add up to.
    mutating func refold(_ facts: [Fact]) {
        var status = DeliveryStatus()
        status.fold(facts)
        take(status, isMoved: true)
        last = facts.compactMap { $0.step?.place }.max()
    }

    /// Adds facts.
    /// - Returns: `false` where one of them stands before what was folded in already or needs more than the row knows: all have to be
    ///   folded anew.
    mutating func fold(_ facts: [Fact]) -> Bool {
        let places = facts.compactMap { $0.step?.place }
        guard let first = places.min(), last.map({ $0 < first }) ?? true, facts.allSatisfy(\.body.isPlain) else { return false }
        var status = DeliveryStatus(state: state, attempts: attempts, changedAt: changedAt, firstDeferredAt: firstDeferredAt)
        let isMoved = status.fold(facts)
        take(status, isMoved: isMoved)
        last = places.max()
        return true
    }

    private mutating func take(_ status: DeliveryStatus, isMoved: Bool) {
        state = status.state
        if isMoved { reason = status.reason.map { DeliveryReason($0, lastWords: status.lastWords) } }
        attempts = status.attempts
        changedAt = status.changedAt
        firstDeferredAt = status.firstDeferredAt
    }

    /// Counts a view. Of two at one moment the one with the greater id is the later.
    mutating func view(at time: Timestamp, fact: FactID, by viewer: ClientIdentity) {
        views += Hits(all: 1, people: viewer.isPerson ? 1 : 0)
        firstViewedAt = min(firstViewedAt ?? time, time)
        if let lastViewedAt, let lastView, (lastViewedAt, lastView) > (time, fact) { return }
        lastViewedAt = time
        lastView = fact
        client = viewer.name
    }

    func save(in database: Database) throws {
        try database.cachedStatement(
            sql: """
                UPDATE deliveries SET state = ?, reason = ?, bounce_class = ?, detail = ?, attempts = ?, changed_at = ?,
                    first_deferred_at = ?, last_attempt = ?, last_rank = ?, last_at = ?, last_fact = ?, views = ?, views_people = ?,
                    first_viewed_at = ?, last_viewed_at = ?, last_view = ?, client = ?, clicks = ?, clicks_people = ?,
                    unsubscribed_at = ?
                WHERE id = ?
                """
        ).execute(arguments: [
            state.rawValue, reason?.code, reason?.bounceClass?.rawValue, reason?.detail, attempts, changedAt, firstDeferredAt,
            last?.attempt, last?.rank, last?.at, last?.fact, views.all, views.people, firstViewedAt, lastViewedAt, lastView, client,
            clicks.all, clicks.people, unsubscribedAt, id,
        ])
    }
}

extension Fact.Body {
    /// A step of the usual way, which has no reason that earlier facts have a part in.
    fileprivate var isPlain: Bool {
        switch self {
        case .deliveryScheduled, .deliveryPending, .attemptStarted, .attemptDelivered: true
        default: false
        }
    }
}

extension DeliveryReason {
    /// - Parameter lastWords: What the server said, for a refusal.
    init(_ reason: DeliveryStatus.Reason, lastWords: String?) {
        switch reason {
        case .dropped(let reason, let detail): self.init(code: reason.rawValue, bounceClass: nil, detail: detail)
        case .failed(let reason, let detail): self.init(code: reason.rawValue, bounceClass: nil, detail: detail)
        case .refused(let verdict): self.init(code: verdict.reason.rawValue, bounceClass: verdict.class, detail: lastWords)
        case .other(let words): self.init(code: nil, bounceClass: nil, detail: words)
        }
    }

    /// Reads the columns `reason`, `bounce_class` and `detail`; `nil` where all are empty.
    init?(_ row: Row) {
        self.init(storedCode: row["reason"], bounceClass: row["bounce_class"], detail: row["detail"])
    }

    fileprivate init?(storedCode code: String?, bounceClass: String?, detail: String?) {
        guard code != nil || detail != nil else { return nil }
        self.init(code: code, bounceClass: bounceClass.flatMap(BounceClass.init), detail: detail)
    }
}
