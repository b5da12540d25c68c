import Mail

/// The shapes in which the API tells the history.
enum HistoryJSON {
    struct List: Encodable {
        let items: [Email]
        let next: String?

        private enum Key: CodingKey { case items, next }

        /// `next` is always there: `null` says that this was the last page.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(items, forKey: .items)
            try container.encode(next, forKey: .next)
        }
    }

    struct Email: Encodable {
        let id: MailingID
        let kind: String
        let name: String
        let subject: String
        let collection: String?
        let from: Mailbox
        let recipients: Int
        let firstRecipients: [EmailRow.RecipientName]
        let acceptedAt: Timestamp
        let sendAt: Timestamp?
        let updatedAt: Timestamp
        let tracked: Bool
        let states: [String: Int]
        let opens: Hits
        let clicks: Hits
        /// Deliveries that a person has read.
        let read: Int
        /// Deliveries through which their recipients unsubscribed.
        let unsubscribed: Int
        let deliveries: [Delivery]?

        init(_ row: EmailRow, deliveries: [DeliveryRow]? = nil) {
            id = row.id
            kind = row.kind
            name = row.name
            subject = row.subject
            collection = row.collection
            from = row.from
            recipients = row.recipients
            firstRecipients = row.firstRecipients
            acceptedAt = row.acceptedAt
            sendAt = row.sendAt
            updatedAt = row.changedAt
            tracked = row.isTracked
            states = Dictionary(uniqueKeysWithValues: row.states.map { ($0.key.rawValue, $0.value) })
            opens = row.opens
            clicks = row.clicks
            read = row.read
            unsubscribed = row.unsubscribed
            self.deliveries = deliveries?.map(Delivery.init)
        }
    }

    struct Delivery: Encodable {
        let id: DeliveryID
        let mailing: MailingID
        let address: String
        let name: String?
        let role: RecipientRole
        let state: DeliveryState
        let reason: Reason?
        let attempts: Int
        let retryUntil: Timestamp?
        let updatedAt: Timestamp?
        let read: Bool
        let views: Views
        let clicks: Clicks
        let unsubscribedAt: Timestamp?

        struct Reason: Encodable {
            let code: String?
            let `class`: BounceClass?
            /// In words for a person.
            let text: String
            /// What a person can do about a server's refusal.
            let advice: String?
            let detail: String?
        }

        struct Views: Encodable {
            let first: Timestamp?
            let last: Timestamp?
            let count: Int
            let people: Int
            let client: String?
        }

        struct Clicks: Encodable {
            let count: Int
            let people: Int
        }

        init(_ row: DeliveryRow) {
            id = row.id
            mailing = row.mailing
            address = row.address
            name = row.name
            role = row.role
            state = row.state
            reason = row.reason.map {
                Reason(code: $0.code, class: $0.bounceClass, text: $0.sentence, advice: $0.advice, detail: $0.detail)
            }
            attempts = row.attempts
            retryUntil = row.retryUntil
            updatedAt = row.changedAt
            read = row.isRead
            views = Views(
                first: row.views.first, last: row.views.last, count: row.views.hits.all, people: row.views.hits.people,
                client: row.views.client)
            clicks = Clicks(count: row.clicks.all, people: row.clicks.people)
            unsubscribedAt = row.unsubscribedAt
        }
    }

    struct Timeline: Encodable {
        let delivery: Delivery
        let facts: [Entry]
        /// Opens and clicks beyond the first thousand.
        let hitsLeftOut: Int
        /// Moves and attempts before the last 300; the log has them all.
        let stepsLeftOut: Int

        init(_ timeline: DeliveryTimeline) {
            delivery = Delivery(timeline.delivery)
            facts = timeline.entries.map(Entry.init)
            hitsLeftOut = timeline.hitsLeftOut
            stepsLeftOut = timeline.stepsLeftOut
        }
    }

    /// A fact as it is on the wire, and who a hit came from. Of the mailing's acceptance only that it happened: its body is long and
    /// names the other recipients.
    struct Entry: Encodable {
        let entry: TimelineEntry

        init(_ entry: TimelineEntry) {
            self.entry = entry
        }

        private enum Key: CodingKey { case id, kind, occurredAt, mailing, client }

        private struct Client: Encodable {
            let name: String
            let kind: ClientIdentity.Kind
            let why: String
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            if case .mailingAccepted(let accepted) = entry.fact.body {
                try container.encode(entry.fact.id, forKey: .id)
                try container.encode(entry.fact.kind, forKey: .kind)
                try container.encode(entry.fact.occurredAt, forKey: .occurredAt)
                try container.encode(accepted.mailing, forKey: .mailing)
            } else {
                try entry.fact.encode(to: encoder)
            }
            if let client = entry.client {
                try container.encode(Client(name: client.name, kind: client.kind, why: client.why), forKey: .client)
            }
        }
    }
}
