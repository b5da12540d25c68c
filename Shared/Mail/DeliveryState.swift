/// Where one mailing stands on its way to one recipient.
///
/// ```
/// scheduled → pending → sending → delivered → bounced (a bounce message came later)
///     │          │         ├────→ deferred → pending …   (72 h after the first deferral: bounced, expired)
///     │          │         ├────→ bounced
///     │          │         └────→ uncertain → delivered | deferred | bounced | pending (by evidence, policy or a person)
///     └──────────┴── cancelled    (deferred too; sending cannot)
/// ```
/// Admission may end a delivery at once: `dropped` (policy) or `failed` (it could never be sent). A message that turns out
/// to be impossible to compose fails from `sending` too.
package enum DeliveryState: String, CaseIterable, Sendable, Codable {
    /// Accepted; its time has not come.
    case scheduled
    /// Waits for a sender. Can be cancelled.
    case pending
    /// A sender has claimed it. Cannot be cancelled.
    case sending
    /// The recipient's server has taken it.
    case delivered
    /// The server asked to try again later.
    case deferred
    /// The server refused it, now or in a later bounce message, or it could not be delivered in 72 hours.
    case bounced
    /// Not sent, by policy: suppressed, spam-like, unsubscribed, inactive.
    case dropped
    /// Could not be sent at all: no valid recipient, a required attachment missing.
    case failed
    /// Withdrawn before it left.
    case cancelled
    /// It may have left: the connection ended after the message and before the answer.
    case uncertain

    package enum Step: Hashable, Sendable {
        case moved(to: DeliveryState)
        /// Late or repeated news. History keeps it; the state does not change.
        case unchanged
    }

    /// What `event` does to this state. Pure and total: no clock, no I/O, no trap.
    ///
    /// News of an attempt's outcome may overtake the news of its start, so an outcome moves `pending` as it moves `sending`.
    /// Once a server is known to have taken the message nothing but a bounce message changes that.
    package func step(on event: DeliveryEvent) -> Step {
        switch (self, event) {
        case (.scheduled, .fellDue), (.deferred, .fellDue), (.uncertain, .fellDue): .moved(to: .pending)
        case (.scheduled, .attemptStarted), (.pending, .attemptStarted), (.deferred, .attemptStarted): .moved(to: .sending)
        case (.scheduled, .cancelled), (.pending, .cancelled), (.deferred, .cancelled): .moved(to: .cancelled)
        case (.scheduled, .dropped), (.pending, .dropped), (.deferred, .dropped): .moved(to: .dropped)
        case (.scheduled, .failed), (.pending, .failed), (.sending, .failed), (.deferred, .failed): .moved(to: .failed)
        case (.deferred, .expired): .moved(to: .bounced)

        case (.scheduled, .attemptDelivered), (.pending, .attemptDelivered), (.sending, .attemptDelivered),
            (.deferred, .attemptDelivered), (.uncertain, .attemptDelivered), (.bounced, .attemptDelivered),
            (.cancelled, .attemptDelivered):
            .moved(to: .delivered)
        case (.scheduled, .attemptDeferred), (.pending, .attemptDeferred), (.sending, .attemptDeferred),
            (.uncertain, .attemptDeferred):
            .moved(to: .deferred)
        case (.scheduled, .attemptBounced), (.pending, .attemptBounced), (.sending, .attemptBounced),
            (.deferred, .attemptBounced), (.uncertain, .attemptBounced):
            .moved(to: .bounced)
        case (.scheduled, .attemptUncertain), (.pending, .attemptUncertain), (.sending, .attemptUncertain),
            (.deferred, .attemptUncertain):
            .moved(to: .uncertain)
        case (.scheduled, .attemptAbandoned), (.sending, .attemptAbandoned), (.deferred, .attemptAbandoned),
            (.uncertain, .attemptAbandoned):
            .moved(to: .pending)

        // Only an uncertain attempt is decided about; that it was deferred or abandoned may become known only after the decision.
        case (.uncertain, .resolved(delivered: true)), (.deferred, .resolved(delivered: true)),
            (.pending, .resolved(delivered: true)):
            .moved(to: .delivered)
        case (.uncertain, .resolved(delivered: false)), (.deferred, .resolved(delivered: false)): .moved(to: .pending)

        case (.delivered, .bounceReceived), (.sending, .bounceReceived), (.uncertain, .bounceReceived): .moved(to: .bounced)

        case (.scheduled, _), (.pending, _), (.sending, _), (.delivered, _), (.deferred, _), (.bounced, _), (.dropped, _),
            (.failed, _), (.cancelled, _), (.uncertain, _):
            .unchanged
        }
    }
}

/// What can happen to a delivery, as far as its state is concerned.
package enum DeliveryEvent: Hashable, Sendable {
    case scheduled
    case fellDue
    case attemptStarted
    case attemptDelivered
    case attemptDeferred
    case attemptBounced
    case attemptUncertain
    /// The attempt ended before the message could have left.
    case attemptAbandoned
    case cancelled
    case dropped
    case failed
    /// 72 hours have passed since the first deferral.
    case expired
    /// A person decided what became of an uncertain attempt.
    case resolved(delivered: Bool)
    /// A bounce message came back after delivery.
    case bounceReceived

    package static let all: [DeliveryEvent] = [
        .scheduled, .fellDue, .attemptStarted, .attemptDelivered, .attemptDeferred, .attemptBounced, .attemptUncertain,
        .attemptAbandoned, .cancelled, .dropped, .failed, .expired, .resolved(delivered: true), .resolved(delivered: false),
        .bounceReceived,
    ]
}
