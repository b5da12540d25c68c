import Mail

/// One mailing as a line of the list.
struct EmailRow: Hashable, Sendable, Identifiable {
    let id: MailingID
    /// `invite`, `reminder`, … or the client's own label.
    let kind: String
    let name: String
    /// As submitted: `{{variables}}` are not filled in.
    let subject: String
    let collection: String?
    let from: Mailbox
    /// The first three recipients, as submitted.
    let firstRecipients: [RecipientName]
    /// How many deliveries the mailing has: the sum of `states`.
    let recipients: Int
    let acceptedAt: Timestamp
    /// When it was to be sent at the earliest; `nil` for at once.
    let sendAt: Timestamp?
    /// Deliveries in each state; every state has its entry, and they add up to `recipients`.
    let states: [DeliveryState: Int]
    /// Whether opens are tracked; where not, nobody can tell read from unread.
    let isTracked: Bool
    let opens: Hits
    let clicks: Hits
    /// Deliveries that a person has read: viewed or clicked.
    let read: Int
    /// Deliveries through which their recipients unsubscribed, and did not come back.
    let unsubscribed: Int
    /// When anything about it changed last.
    let changedAt: Timestamp

    struct RecipientName: Hashable, Sendable, Codable {
        let address: String
        let name: String?
    }
}

/// How often something was fetched.
struct Hits: Hashable, Sendable, Codable {
    /// By anyone, programs included.
    var all: Int
    /// As far as can be told, by people.
    var people: Int
}

/// One mailing with all that is known about it.
struct EmailDetail: Hashable, Sendable {
    let row: EmailRow
    let audience: Audience
    let whenUncertain: UncertaintyPolicy
    let content: Content
    /// In the order of submission.
    let deliveries: [DeliveryRow]
    /// The links that were followed, most often first.
    let links: [LinkRow]
}

/// A link of a mailing, and how often it was followed.
struct LinkRow: Hashable, Sendable {
    let target: String
    let clicks: Hits
}

/// One recipient of a mailing, and what became of it.
struct DeliveryRow: Hashable, Sendable, Identifiable {
    let id: DeliveryID
    let mailing: MailingID
    /// As submitted: may be no address at all, then the delivery failed.
    let address: String
    let name: String?
    let role: RecipientRole
    let state: DeliveryState
    /// Why, where the state has a reason.
    let reason: DeliveryReason?
    /// Attempts begun.
    let attempts: Int
    /// When the state was reached; `nil` before anything was known.
    let changedAt: Timestamp?
    /// Until when we keep trying, once a server has asked to try later.
    let retryUntil: Timestamp?
    let views: Views
    let clicks: Hits
    /// When the recipient unsubscribed through this delivery; `nil` where they did not, or came back.
    let unsubscribedAt: Timestamp?
    /// Viewed by a person, or clicked by one: a click implies that it was read.
    var isRead: Bool { views.hits.people > 0 || clicks.people > 0 }

    /// How the message was looked at.
    struct Views: Hashable, Sendable {
        let first: Timestamp?
        let last: Timestamp?
        let hits: Hits
        /// The program that showed it last, in words: "Gmail (image proxy)".
        let client: String?
    }
}

/// Why a delivery is in its state: codes for programs, words for people.
struct DeliveryReason: Hashable, Sendable {
    /// A raw value of `DropReason`, `FailReason` or `BounceReason`; `nil` where there are only words.
    let code: String?
    /// How a refusal was understood.
    let bounceClass: BounceClass?
    /// What was said about this very case. From outside: to be escaped.
    let detail: String?
}

/// One fact of a delivery's life.
struct TimelineEntry: Hashable, Sendable {
    let fact: Fact
    /// For opens and clicks: who it was, and why we think so.
    let client: ClientIdentity?
}

/// A delivery with everything that happened to it.
struct DeliveryTimeline: Hashable, Sendable {
    let delivery: DeliveryRow
    let email: EmailRow
    /// The mailing's acceptance, the delivery's moves and attempts in causal order, opens and clicks by their time among them.
    let entries: [TimelineEntry]
    /// Opens and clicks beyond the first thousand, which `entries` leaves out.
    let hitsLeftOut: Int
    /// The earliest moves and attempts, beyond the last 300, which `entries` leaves out; the log has them all.
    let stepsLeftOut: Int
}
