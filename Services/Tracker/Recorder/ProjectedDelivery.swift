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

    /// The row of a delivery, read and written.
    struct Table {
        private let select: Query
        private let update: Query

        init(_ database: Database) throws {
            select = try Query("SELECT \(columns) FROM deliveries WHERE id = ?", in: database)
            update = try Query(
                """
                UPDATE deliveries SET state = ?, reason = ?, bounce_class = ?, detail = ?, attempts = ?, changed_at = ?,
                    first_deferred_at = ?, last_attempt = ?, last_rank = ?, last_at = ?, last_fact = ?, views = ?, views_people = ?,
                    first_viewed_at = ?, last_viewed_at = ?, last_view = ?, client = ?, clicks = ?, clicks_people = ?,
                    unsubscribed_at = ?
                WHERE id = ?
                """, in: database)
        }

        func fetch(_ id: DeliveryID) throws -> ProjectedDelivery? {
            try select.first([.id(id)]) { try ProjectedDelivery(id, &$0) }
        }

        func save(_ row: ProjectedDelivery) throws { try update.run(row.values) }
    }

    private static let columns = """
        mailing, organization, state, reason, bounce_class, detail, attempts, changed_at, first_deferred_at, last_fact, last_attempt,
        last_rank, last_at, views, views_people, first_viewed_at, last_viewed_at, last_view, client, clicks, clicks_people,
        unsubscribed_at
        """

    private init(_ id: DeliveryID, _ row: inout Columns) throws {
        self.id = id
        mailing = Int64(try row.number())
        organization = try row.text()
        state = try row.word()
        reason = DeliveryReason(
            storedCode: try row.optional { try $0.text() }, bounceClass: try row.optional { try $0.text() },
            detail: try row.optional { try $0.text() })
        attempts = try row.number()
        changedAt = try row.optional { try $0.time() }
        firstDeferredAt = try row.optional { try $0.time() }
        let fact: FactID? = try row.optional { try $0.id() }
        let attempt = try row.optional { try $0.number() }
        let rank = try row.optional { try $0.number() }
        let at = try row.optional { try $0.time() }
        if let fact, let attempt, let rank, let at {
            last = DeliveryStatus.Place(attempt: attempt, rank: rank, at: at, fact: fact)
        }
        views = Hits(all: try row.number(), people: try row.number())
        firstViewedAt = try row.optional { try $0.time() }
        lastViewedAt = try row.optional { try $0.time() }
        lastView = try row.optional { try $0.id() }
        client = try row.optional { try $0.text() }
        clicks = Hits(all: try row.number(), people: try row.number())
        unsubscribedAt = try row.optional { try $0.time() }
    }

    private var values: [SQLValue] {
        [
            .text(state.rawValue), .text(reason?.code), .text(reason?.bounceClass?.rawValue), .text(reason?.detail),
            .number(attempts), .time(changedAt), .time(firstDeferredAt), .number(last?.attempt), .number(last?.rank),
            .time(last?.at), .id(last?.fact), .number(views.all), .number(views.people), .time(firstViewedAt), .time(lastViewedAt),
            .id(lastView), .text(client), .number(clicks.all), .number(clicks.people), .time(unsubscribedAt), .id(id),
        ]
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
}

extension Fact.Body {
    /// Whether its delivery's reason follows from it alone, whatever was said before.
    fileprivate var isPlain: Bool {
        switch self {
        case .attemptDeferred(let ended), .attemptBounced(let ended), .attemptUncertain(let ended), .attemptAbandoned(let ended):
            ended.reply != nil || ended.detail != nil
        case .deliveryExpired: false
        default: true
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
