/// What the facts about one delivery add up to.
///
/// The fold puts facts in their causal order itself (attempt, then rank within the attempt, then time and id), and counts
/// each id once; so any duplication and any order of arrival give the same status.
package struct DeliveryStatus: Hashable, Sendable {
    package private(set) var state: DeliveryState
    /// Why, where the state has a reason.
    package private(set) var reason: Reason?
    /// Attempts begun so far: the number of the last one that anything is known of.
    package private(set) var attempts: Int
    /// When the state was reached.
    package private(set) var changedAt: Timestamp?
    /// When the server first asked to try later; the 72 hours count from here.
    package private(set) var firstDeferredAt: Timestamp?
    package private(set) var lastReply: ServerReply?
    /// What was said last, by the server or about it: hostile text. It stays when a delivery is given up.
    package private(set) var lastWords: String?

    package enum Reason: Hashable, Sendable {
        case dropped(DropReason, detail: String?)
        case failed(FailReason, detail: String?)
        case refused(Verdict)
        /// In words, where no server gave a reason.
        case other(String)
    }

    /// Where a fact stands in the causal order of its delivery.
    package struct Place: Hashable, Comparable, Sendable {
        package let attempt: Int
        package let rank: Int
        package let at: Timestamp
        package let fact: FactID

        package init(attempt: Int, rank: Int, at: Timestamp, fact: FactID) {
            self.attempt = attempt
            self.rank = rank
            self.at = at
            self.fact = fact
        }

        package static func < (one: Place, other: Place) -> Bool {
            (one.attempt, one.rank, one.at, one.fact) < (other.attempt, other.rank, other.at, other.fact)
        }
    }

    package init(folding facts: some Sequence<Fact>) {
        self.init()
        fold(facts)
    }

    /// Before any fact.
    package init() {
        state = .scheduled
        attempts = 0
    }

    /// What was folded before, to go on with facts that all stand behind it.
    package init(state: DeliveryState, attempts: Int, changedAt: Timestamp?, firstDeferredAt: Timestamp?) {
        self.state = state
        self.attempts = attempts
        self.changedAt = changedAt
        self.firstDeferredAt = firstDeferredAt
    }

    /// Goes on with facts in their causal order.
    /// - Returns: Whether any of them moved the delivery, which then has another reason too.
    @discardableResult
    package mutating func fold(_ facts: some Sequence<Fact>) -> Bool {
        var last: FactID?
        var isMoved = false
        let steps = facts.compactMap { fact in fact.step.map { (fact: fact, event: $0.event, place: $0.place) } }
            .sorted { $0.place < $1.place }
        for (fact, event, _) in steps where fact.id != last {
            last = fact.id
            if apply(fact, event) { isMoved = true }
        }
        return isMoved
    }

    /// - Returns: Whether it moved.
    private mutating func apply(_ fact: Fact, _ event: DeliveryEvent) -> Bool {
        if let attempt = fact.body.attempt { attempts = max(attempts, attempt) }
        if event == .attemptDeferred, firstDeferredAt == nil { firstDeferredAt = fact.occurredAt }
        guard case .moved(let next) = state.step(on: event) else {
            if changedAt == nil { changedAt = fact.occurredAt }
            return false
        }
        state = next
        changedAt = fact.occurredAt
        switch fact.body {
        case .deliveryDropped(let dropped): reason = .dropped(dropped.reason, detail: dropped.detail)
        case .deliveryFailed(let failed): reason = .failed(failed.reason, detail: failed.detail)
        case .deliveryExpired: reason = .refused(Verdict(class: .transient, reason: .expired, certain: true))
        case .attemptDelivered(let ended), .attemptDeferred(let ended), .attemptBounced(let ended), .attemptUncertain(let ended),
            .attemptAbandoned(let ended):
            reason = ended.verdict.map(Reason.refused) ?? ended.detail.map(Reason.other)
            if let reply = ended.reply { lastReply = reply }
            if let words = ended.reply?.description ?? ended.detail { lastWords = words }
        default: reason = nil
        }
        return true
    }
}

extension Fact {
    /// What it does to its delivery, and where it stands among the other facts about it.
    package var step: (event: DeliveryEvent, place: DeliveryStatus.Place)? {
        body.step.map { ($0.event, .init(attempt: $0.attempt, rank: $0.rank, at: occurredAt, fact: id)) }
    }
}

extension Fact.Body {
    /// The number of the attempt that the fact shows to have begun.
    fileprivate var attempt: Int? {
        switch self {
        case .attemptStarted(let started): started.attempt
        case .attemptDelivered(let ended), .attemptDeferred(let ended), .attemptBounced(let ended), .attemptUncertain(let ended),
            .attemptAbandoned(let ended):
            ended.attempt
        default: nil
        }
    }

    /// What the fact does to its delivery, and where it stands in the delivery's causal order.
    package var step: (event: DeliveryEvent, attempt: Int, rank: Int)? {
        switch self {
        case .deliveryScheduled(let moved): (.scheduled, moved.attempt, 0)
        case .deliveryPending(let moved): (.fellDue, moved.attempt, 1)
        case .deliveryDropped: (.dropped, 0, 2)
        case .deliveryFailed(let failed): (.failed, failed.reason.isKnownAtOnce ? 0 : .max, 2)
        case .attemptStarted(let started): (.attemptStarted, started.attempt, 3)
        case .attemptUncertain(let ended): (.attemptUncertain, ended.attempt, 4)
        case .attemptAbandoned(let ended): (.attemptAbandoned, ended.attempt, 5)
        case .attemptDeferred(let ended): (.attemptDeferred, ended.attempt, 6)
        case .attemptBounced(let ended): (.attemptBounced, ended.attempt, 6)
        case .attemptDelivered(let ended): (.attemptDelivered, ended.attempt, 7)
        case .deliveryResolved(let resolved): (.resolved(delivered: resolved.delivered), resolved.attempt, 8)
        case .deliveryCancelled(let moved): (.cancelled, moved.attempt, 9)
        case .deliveryExpired(let moved): (.expired, moved.attempt, 9)
        case .mailingAccepted, .mailingRefused, .sessionEnded, .messageOpened, .linkClicked, .contactUnsubscribed,
            .contactResubscribed,
            .reminderPlanned, .reminderMoved, .reminderSkipped, .reminderIssued, .reminderWithdrawn:
            nil
        }
    }
}
