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
        private let select: Prepared
        private let update: Prepared

        init(_ database: Database) throws {
            select = try Prepared("SELECT \(columns) FROM deliveries WHERE id = ?", in: database)
            update = try Prepared(
                """
                UPDATE deliveries SET state = ?, reason = ?, bounce_class = ?, detail = ?, attempts = ?, changed_at = ?,
                    first_deferred_at = ?, last_attempt = ?, last_rank = ?, last_at = ?, last_fact = ?, views = ?, views_people = ?,
                    first_viewed_at = ?, last_viewed_at = ?, last_view = ?, client = ?, clicks = ?, clicks_people = ?,
                    unsubscribed_at = ?
                WHERE id = ?
                """, in: database)
        }

        func fetch(_ id: DeliveryID) throws -> ProjectedDelivery? {
            try select.first({ $0.bind(id) }, read: { ProjectedDelivery(id, $0) })
        }

        func save(_ row: ProjectedDelivery) throws { try update.run(row.bind) }
    }

    private static let columns = """
        mailing, organization, state, reason, bounce_class, detail, attempts, changed_at, first_deferred_at, last_attempt, last_rank,
        last_at, last_fact, views, views_people, first_viewed_at, last_viewed_at, last_view, client, clicks, clicks_people,
        unsubscribed_at
        """

    private init(_ id: DeliveryID, _ row: Prepared.Columns) {
        self.id = id
        mailing = row[0]
        organization = row[1]
        state = DeliveryState(rawValue: row[2]) ?? .scheduled
        reason = DeliveryReason(storedCode: row[3], bounceClass: row[4], detail: row[5])
        attempts = row[6]
        changedAt = row[7]
        firstDeferredAt = row[8]
        if let fact: FactID = row[12] {
            last = DeliveryStatus.Place(attempt: row[9], rank: row[10], at: row[11], fact: fact)
        }
        views = Hits(all: row[13], people: row[14])
        firstViewedAt = row[15]
        lastViewedAt = row[16]
        lastView = row[17]
        client = row[18]
        clicks = Hits(all: row[19], people: row[20])
        unsubscribedAt = row[21]
    }

    private func bind(to update: inout Prepared.Arguments) {
        update.bind(state.rawValue)
        update.bind(reason?.code)
        update.bind(reason?.bounceClass?.rawValue)
        update.bind(reason?.detail)
        update.bind(attempts)
        update.bind(changedAt)
        update.bind(firstDeferredAt)
        update.bind(last?.attempt)
        update.bind(last?.rank)
        update.bind(last?.at)
        update.bind(last?.fact)
        update.bind(views.all)
        update.bind(views.people)
        update.bind(firstViewedAt)
        update.bind(lastViewedAt)
        update.bind(lastView)
        update.bind(client)
        update.bind(clicks.all)
        update.bind(clicks.people)
        update.bind(unsubscribedAt)
        update.bind(id)
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
