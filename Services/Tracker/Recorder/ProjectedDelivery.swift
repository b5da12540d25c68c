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
        try Row.fetchOne(database.cachedStatement(sql: "SELECT * FROM deliveries WHERE id = ?"), arguments: [id])
            .map(ProjectedDelivery.init)
    }

    private init(_ row: Row) {
        id = row["id"]
        mailing = row["mailing"]
        organization = row["organization"]
        state = DeliveryState(rawValue: row["state"]) ?? .scheduled
        reason = DeliveryReason(row)
        attempts = row["attempts"]
        changedAt = row["changed_at"]
        firstDeferredAt = row["first_deferred_at"]
        views = Hits(all: row["views"], people: row["views_people"])
        firstViewedAt = row["first_viewed_at"]
        lastViewedAt = row["last_viewed_at"]
        lastView = row["last_view"]
        client = row["client"]
        clicks = Hits(all: row["clicks"], people: row["clicks_people"])
        unsubscribedAt = row["unsubscribed_at"]
    }

    mutating func take(_ status: DeliveryStatus) {
        state = status.state
        reason = status.reason.map { DeliveryReason($0, lastWords: status.lastWords) }
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
                    first_deferred_at = ?, views = ?, views_people = ?, first_viewed_at = ?, last_viewed_at = ?, last_view = ?,
                    client = ?, clicks = ?, clicks_people = ?, unsubscribed_at = ?
                WHERE id = ?
                """
        ).execute(arguments: [
            state.rawValue, reason?.code, reason?.bounceClass?.rawValue, reason?.detail, attempts, changedAt, firstDeferredAt,
            views.all, views.people, firstViewedAt, lastViewedAt, lastView, client, clicks.all, clicks.people, unsubscribedAt, id,
        ])
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
        let code: String? = row["reason"]
        let bounceClass: String? = row["bounce_class"]
        let detail: String? = row["detail"]
        guard code != nil || detail != nil else { return nil }
        self.init(code: code, bounceClass: bounceClass.flatMap(BounceClass.init), detail: detail)
    }
}
