import Mail

/// One mailing to one recipient, as far as its work is concerned: what may be done with it next, and when.
///
/// Every change goes through `DeliveryState.step`; the functions here give back the facts that follow from it. No clock, no I/O.
struct Delivery: Hashable, Sendable, Identifiable {
    let id: DeliveryID
    let mailing: MailingID
    let organization: String
    /// The recipient's, for limits; `nil` where the address is not one, so that it never becomes pending.
    var domain: String?
    let whenUncertain: UncertaintyPolicy
    var state: DeliveryState
    /// From 1: for `scheduled` and `pending` the attempt to be made, otherwise the last one made.
    var attempt = 1
    /// Who claimed the attempt.
    var session: SessionID?
    /// For `scheduled` when it is to be sent, for `deferred` and `uncertain` when it is to be tried again, for `sending` until when a
    /// report is awaited. Nothing happens by itself where it is `nil`.
    var dueAt: Timestamp?
    /// When a server first asked to try later; the 72 hours count from here.
    var firstDeferredAt: Timestamp?
    var deferrals = 0
    /// Attempts whose outcome nobody knew.
    var uncertainties = 0
    /// Attempts in a row whose sender ended before the message could have left.
    var abandonments = 0

    /// Where it waits among others once it is pending.
    var lane: Traffic.Lane? { domain.map { Traffic.Lane(organization: organization, domain: $0) } }

    /// Whether nothing more will be sent.
    var isOver: Bool { state.isOver }

    /// Those in which something may happen once a time has come.
    static let timedStates: [DeliveryState] = [.sending, .scheduled, .deferred, .uncertain]

    /// Admission lets it through: to be sent at a time to come, or at once.
    mutating func begin(sendAt: Timestamp?, at now: Timestamp) -> [Fact.Body] {
        guard let sendAt, sendAt > now else { return queue(after: .fellDue, as: attempt) }
        dueAt = sendAt
        return [.deliveryScheduled(DeliveryMoved(delivery: id, mailing: mailing, attempt: attempt, dueAt: sendAt))]
    }

    /// Its time has come, or the wait for a report is over.
    mutating func fallDue(at now: Timestamp, rules: WorkRules, jitter: Double) -> [Fact.Body] {
        guard let due = dueAt, due <= now else { return [] }
        switch state {
        case .sending:
            let detail = "The sender that had claimed this delivery did not report what became of it."
            let unknown = Fact.Body.attemptUncertain(ended(detail: detail))
            return [unknown] + settle(.attemptUncertain, at: now, askedFor: nil, rules: rules, jitter: jitter)
        case .deferred where (firstDeferredAt ?? due) + rules.retry.lifetime <= now:
            return expire()
        case .scheduled:
            return queue(after: .fellDue, as: attempt)
        case .deferred, .uncertain:
            return queue(after: .fellDue, as: attempt + 1)
        case .pending, .delivered, .bounced, .dropped, .failed, .cancelled:
            dueAt = nil
            return []
        }
    }

    /// A sender asks for the attempt that its ticket names.
    /// - Returns: `nil` where it is granted, now or to this session before, else why not.
    mutating func claim(attempt asked: Int, by asking: SessionID, at now: Timestamp, rules: WorkRules) -> (
        refusal: ClaimRefusal.Reason?, facts: [Fact.Body]
    ) {
        switch state {
        case .pending where asked == attempt:
            session = asking
            guard move(on: .attemptStarted) else { return (.wait, []) }
            dueAt = now + rules.claimLimit
            let started = AttemptStarted(delivery: id, mailing: mailing, attempt: attempt, session: asking)
            return (nil, [.attemptStarted(started)])
        case .sending where asked == attempt && session == asking:
            return (nil, [])
        case .sending where asked == attempt:
            dueAt = min(dueAt ?? now + rules.claimGrace, now + rules.claimGrace)
            return (.claimed, [])
        case .scheduled, .pending, .sending, .deferred:
            return (asked < attempt || (state == .deferred && asked == attempt) ? .finished : .wait, [])
        case .cancelled:
            return (.cancelled, [])
        case .delivered, .bounced, .dropped, .failed, .uncertain:
            return (.finished, [])
        }
    }

    /// News of an attempt.
    ///
    /// That a server took or refused the message for good counts whichever attempt it was; anything else only of the current one.
    /// An attempt's uncertainty is older news than its outcome, so it does not undo a deferral.
    mutating func learn(
        _ event: DeliveryEvent, of outcome: AttemptEnded, at occurredAt: Timestamp, now: Timestamp, rules: WorkRules, jitter: Double
    ) -> [Fact.Body] {
        if event == .attemptDeferred, firstDeferredAt == nil, !isOver { firstDeferredAt = min(occurredAt, now) }
        switch event {
        case .attemptDelivered, .attemptBounced: break
        case .attemptUncertain, .attemptAbandoned:
            guard outcome.attempt == attempt, state != .deferred else { return [] }
        default:
            guard outcome.attempt == attempt else { return [] }
        }
        let asked = outcome.retryAfterSeconds.map { Duration.seconds(max(0, min($0, 31_536_000))) }
        return settle(event, at: now, askedFor: asked, rules: rules, jitter: jitter)
    }

    /// The session that has claimed it is over without a report: the message never reached the final dot.
    mutating func loseSession(at now: Timestamp, rules: WorkRules, jitter: Double) -> [Fact.Body] {
        guard state == .sending else { return [] }
        let detail = "The sender ended before the message could have left."
        let abandoned = Fact.Body.attemptAbandoned(ended(detail: detail))
        return [abandoned] + abandon(at: now, rules: rules, jitter: jitter)
    }

    /// - Returns: The facts; none where it cannot be cancelled (any more).
    mutating func cancel(by: String?) -> [Fact.Body] {
        guard move(on: .cancelled) else { return [] }
        dueAt = nil
        return [.deliveryCancelled(DeliveryMoved(delivery: id, mailing: mailing, attempt: attempt, by: by))]
    }

    /// A person decides about an uncertain delivery.
    /// - Returns: The facts; none where there is nothing to decide.
    mutating func resolve(delivered: Bool, by: String?) -> [Fact.Body] {
        let decided = Fact.Body.deliveryResolved(
            DeliveryResolved(delivery: id, mailing: mailing, attempt: attempt, delivered: delivered, by: by))
        guard state == .uncertain else { return [] }
        if delivered {
            return move(on: .resolved(delivered: true)) ? [decided] : []
        }
        let queued = queue(after: .resolved(delivered: false), as: attempt + 1)
        return queued.isEmpty ? [] : [decided] + queued
    }

    /// It turns out that it can never be sent.
    mutating func fail(_ reason: FailReason, detail: String) -> [Fact.Body] {
        guard move(on: .failed) else { return [] }
        dueAt = nil
        return [.deliveryFailed(DeliveryFailed(delivery: id, mailing: mailing, reason: reason, detail: detail))]
    }

    /// A rule keeps it back before it left.
    mutating func drop(_ reason: DropReason, detail: String? = nil) -> [Fact.Body] {
        guard move(on: .dropped) else { return [] }
        dueAt = nil
        return [.deliveryDropped(DeliveryDropped(delivery: id, mailing: mailing, reason: reason, detail: detail))]
    }

    // MARK: - Steps

    private mutating func settle(
        _ event: DeliveryEvent, at now: Timestamp, askedFor asked: Duration?, rules: WorkRules, jitter: Double
    ) -> [Fact.Body] {
        if event == .attemptAbandoned { return abandon(at: now, rules: rules, jitter: jitter) }
        guard move(on: event) else { return [] }
        dueAt = nil
        abandonments = 0
        switch state {
        case .deferred:
            deferrals += 1
            guard
                let next = rules.retry.next(
                    afterDeferrals: deferrals, firstDeferredAt: firstDeferredAt ?? now, now: now, askedFor: asked, jitter: jitter)
            else { return expire() }
            dueAt = next
            return []
        case .uncertain:
            uncertainties += 1
            guard whenUncertain == .resend, uncertainties <= rules.resends else { return [] }
            // The first time it is sent again at once. A server that breaks off again and again gets it ever more rarely.
            if uncertainties == 1 { return queue(after: .fellDue, as: attempt + 1) }
            dueAt = now + rules.retry.wait(afterDeferrals: uncertainties - 1, askedFor: nil, jitter: jitter)
            return []
        default:
            return []
        }
    }

    /// Sent again at once, for senders are stopped and started every day. But a delivery that ends its sender every time is put off
    /// for ever longer, and in the end given up.
    private mutating func abandon(at now: Timestamp, rules: WorkRules, jitter: Double) -> [Fact.Body] {
        guard move(on: .attemptAbandoned) else { return [] }
        abandonments += 1
        if abandonments >= rules.abandonments {
            return fail(
                .abandoned, detail: "\(abandonments) attempts in a row ended because their sender did. Look at the senders' logs.")
        }
        let waits = abandonments - rules.abandonmentsAtOnce
        guard waits > 0, move(on: .attemptDeferred) else { return enqueue(as: attempt + 1) }
        firstDeferredAt = firstDeferredAt ?? now
        dueAt = now + rules.retry.wait(afterDeferrals: waits, askedFor: nil, jitter: jitter)
        let detail = "Its sender has ended \(abandonments) times before the message could leave; it is tried again later."
        return [.attemptDeferred(ended(detail: detail))]
    }

    private mutating func queue(after event: DeliveryEvent, as next: Int) -> [Fact.Body] {
        move(on: event) ? enqueue(as: next) : []
    }

    private mutating func enqueue(as next: Int) -> [Fact.Body] {
        attempt = next
        dueAt = nil
        return [.deliveryPending(DeliveryMoved(delivery: id, mailing: mailing, attempt: attempt))]
    }

    private mutating func expire() -> [Fact.Body] {
        guard move(on: .expired) else { return [] }
        dueAt = nil
        return [.deliveryExpired(DeliveryMoved(delivery: id, mailing: mailing, attempt: attempt))]
    }

    /// - Returns: Whether the event moved it.
    private mutating func move(on event: DeliveryEvent) -> Bool {
        guard case .moved(let next) = state.step(on: event) else { return false }
        state = next
        return true
    }

    private func ended(detail: String) -> AttemptEnded {
        // A delivery in `sending` has a session (a CHECK of the schema); the zero name stands in for one that is not there.
        AttemptEnded(
            delivery: id, mailing: mailing, attempt: attempt, session: session ?? SessionID(high: 0, low: 0), detail: detail)
    }
}

extension DeliveryState {
    /// Whether nothing more will be sent.
    var isOver: Bool {
        switch self {
        case .delivered, .bounced, .dropped, .failed, .cancelled: true
        case .scheduled, .pending, .sending, .deferred, .uncertain: false
        }
    }
}
