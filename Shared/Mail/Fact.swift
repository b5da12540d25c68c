/// Something that happened, never changed afterwards. Every state anyone shows is a fold over facts.
///
/// On the wire a fact is one flat JSON object: `id`, `kind`, `organization`, `occurredAt` and the fields of its body.
/// Unknown fields are ignored.
package struct Fact: Hashable, Sendable, Identifiable {
    package let id: FactID
    package let organization: String
    package let occurredAt: Timestamp
    package let body: Body

    package init(id: FactID, organization: String, occurredAt: Timestamp, body: Body) {
        self.id = id
        self.organization = organization
        self.occurredAt = occurredAt
        self.body = body
    }

    package var kind: Kind { body.kind }

    /// The kinds of fact; the raw value is the AMQP routing key.
    package enum Kind: String, Sendable, JSONWord {
        case mailingAccepted = "mailing.accepted"
        case mailingRefused = "mailing.refused"
        case deliveryScheduled = "delivery.scheduled"
        case deliveryPending = "delivery.pending"
        case deliveryCancelled = "delivery.cancelled"
        case deliveryDropped = "delivery.dropped"
        case deliveryFailed = "delivery.failed"
        case deliveryExpired = "delivery.expired"
        case deliveryResolved = "delivery.resolved"
        case attemptStarted = "attempt.started"
        case attemptDelivered = "attempt.delivered"
        case attemptDeferred = "attempt.deferred"
        case attemptBounced = "attempt.bounced"
        case attemptUncertain = "attempt.uncertain"
        case attemptAbandoned = "attempt.abandoned"
        case sessionEnded = "session.ended"
        case messageOpened = "message.opened"
        case linkClicked = "link.clicked"
        case contactUnsubscribed = "contact.unsubscribed"
        case contactResubscribed = "contact.resubscribed"
        case reminderPlanned = "reminder.planned"
        case reminderMoved = "reminder.moved"
        case reminderSkipped = "reminder.skipped"
        case reminderIssued = "reminder.issued"
        case reminderWithdrawn = "reminder.withdrawn"
    }

    /// Indirect: facts are handed on and sorted, and their bodies are large.
    package indirect enum Body: Hashable, Sendable {
        case mailingAccepted(MailingAccepted)
        case mailingRefused(MailingRefused)
        case deliveryScheduled(DeliveryMoved)
        case deliveryPending(DeliveryMoved)
        case deliveryCancelled(DeliveryMoved)
        case deliveryDropped(DeliveryDropped)
        case deliveryFailed(DeliveryFailed)
        case deliveryExpired(DeliveryMoved)
        case deliveryResolved(DeliveryResolved)
        case attemptStarted(AttemptStarted)
        case attemptDelivered(AttemptEnded)
        case attemptDeferred(AttemptEnded)
        case attemptBounced(AttemptEnded)
        case attemptUncertain(AttemptEnded)
        case attemptAbandoned(AttemptEnded)
        case sessionEnded(SessionEnded)
        case messageOpened(MessageOpened)
        case linkClicked(LinkClicked)
        case contactUnsubscribed(ContactChanged)
        case contactResubscribed(ContactChanged)
        case reminderPlanned(ReminderMoved)
        case reminderMoved(ReminderMoved)
        case reminderSkipped(ReminderMoved)
        case reminderIssued(ReminderMoved)
        case reminderWithdrawn(ReminderMoved)

        package var kind: Kind {
            switch self {
            case .mailingAccepted: .mailingAccepted
            case .mailingRefused: .mailingRefused
            case .deliveryScheduled: .deliveryScheduled
            case .deliveryPending: .deliveryPending
            case .deliveryCancelled: .deliveryCancelled
            case .deliveryDropped: .deliveryDropped
            case .deliveryFailed: .deliveryFailed
            case .deliveryExpired: .deliveryExpired
            case .deliveryResolved: .deliveryResolved
            case .attemptStarted: .attemptStarted
            case .attemptDelivered: .attemptDelivered
            case .attemptDeferred: .attemptDeferred
            case .attemptBounced: .attemptBounced
            case .attemptUncertain: .attemptUncertain
            case .attemptAbandoned: .attemptAbandoned
            case .sessionEnded: .sessionEnded
            case .messageOpened: .messageOpened
            case .linkClicked: .linkClicked
            case .contactUnsubscribed: .contactUnsubscribed
            case .contactResubscribed: .contactResubscribed
            case .reminderPlanned: .reminderPlanned
            case .reminderMoved: .reminderMoved
            case .reminderSkipped: .reminderSkipped
            case .reminderIssued: .reminderIssued
            case .reminderWithdrawn: .reminderWithdrawn
            }
        }

        /// The delivery that the fact is about, where it is about one.
        package var delivery: DeliveryID? {
            switch self {
            case .deliveryScheduled(let moved), .deliveryPending(let moved), .deliveryCancelled(let moved),
                .deliveryExpired(let moved):
                moved.delivery
            case .deliveryDropped(let dropped): dropped.delivery
            case .deliveryFailed(let failed): failed.delivery
            case .deliveryResolved(let resolved): resolved.delivery
            case .attemptStarted(let started): started.delivery
            case .attemptDelivered(let ended), .attemptDeferred(let ended), .attemptBounced(let ended),
                .attemptUncertain(let ended),
                .attemptAbandoned(let ended):
                ended.delivery
            case .messageOpened(let opened): opened.delivery
            case .linkClicked(let clicked): clicked.delivery
            case .contactUnsubscribed(let changed), .contactResubscribed(let changed): changed.delivery
            case .mailingAccepted, .mailingRefused, .sessionEnded, .reminderPlanned, .reminderMoved, .reminderSkipped,
                .reminderIssued,
                .reminderWithdrawn:
                nil
            }
        }

        /// The mailing that the fact names, where it names one.
        package var mailing: MailingID? {
            switch self {
            case .mailingAccepted(let accepted): accepted.mailing
            case .mailingRefused(let refused): refused.mailing
            case .deliveryScheduled(let moved), .deliveryPending(let moved), .deliveryCancelled(let moved),
                .deliveryExpired(let moved):
                moved.mailing
            case .deliveryDropped(let dropped): dropped.mailing
            case .deliveryFailed(let failed): failed.mailing
            case .deliveryResolved(let resolved): resolved.mailing
            case .attemptStarted(let started): started.mailing
            case .attemptDelivered(let ended), .attemptDeferred(let ended), .attemptBounced(let ended),
                .attemptUncertain(let ended),
                .attemptAbandoned(let ended):
                ended.mailing
            case .reminderPlanned(let moved), .reminderMoved(let moved), .reminderSkipped(let moved), .reminderIssued(let moved),
                .reminderWithdrawn(let moved):
                moved.mailing
            case .contactUnsubscribed(let changed), .contactResubscribed(let changed): changed.mailing
            case .messageOpened, .linkClicked, .sessionEnded: nil
            }
        }
    }
}
