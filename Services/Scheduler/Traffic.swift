import Mail

/// Which deliveries may get a ticket next, so that limits hold across all senders and nobody waits behind somebody else's backlog.
///
/// Waiting mail stands in lanes, one for each organization and domain. Organizations take turns, and within one its lanes. A ticket
/// is issued only where a slot of a sender is free or about to be, and where neither the organization nor the destination is at its
/// limit; so the broker's queue stays short however long the lanes are, which stay on disk: only their heads are known here.
///
/// Pure: no clock, no I/O. Everything is keyed by delivery and attempt, so that news that comes twice or late does no harm.
struct Traffic: Sendable {
    /// The known part of a lane.
    private struct Line: Sendable {
        /// Under which name the domain is counted.
        let destination: String
        var isWaiting = false
        /// Whether more came since the disk was asked last.
        var hasNews = false
        var isInRotation = false
        /// Up to here all that waits has a ticket or is in `known`.
        var place: Int64 = 0
        /// Read from the disk ahead of its turn, or refused for the time being.
        var known = Rotation<Ticket>()
        var tickets = 0

        /// - Returns: Whether it has to come into the rotation.
        mutating func wait() -> Bool {
            isWaiting = true
            hasNews = true
            defer { isInRotation = true }
            return !isInRotation
        }

        /// One more may go.
        /// - Returns: Its ticket where it is known, and what else its turn says.
        mutating func grant() -> (known: Ticket?, place: Int64, destination: String) {
            hasNews = false
            tickets += 1
            return (known.popFirst(), place, destination)
        }
    }

    private struct Attempt: Sendable {
        let number: Int
        let lane: Lane
        let destination: String
        /// Who claimed it; `nil` while the ticket is out.
        var session: SessionID?
        var issuedAt: Timestamp
    }

    private struct Sender: Sendable {
        var slots = 0
        var sending = 0
        var seenAt: Timestamp
    }

    private let startedAt: Timestamp
    private var lines: [Lane: Line] = [:]
    /// The lanes of each organization that has mail waiting.
    private var lanes: [String: Rotation<Lane>] = [:]
    private var organizations = Rotation<String>()
    private var destinationMeters: Meters
    private var organizationMeters: Meters
    private var attempts: [DeliveryID: Attempt] = [:]
    private var senders: [SessionID: Sender] = [:]
    /// Of claims.
    private var pace = Pace()
    private var forgottenAt: Timestamp
    /// When the youngest ticket was issued that has been claimed.
    private var claimedUpTo: Timestamp
    /// Tickets that are out: issued and not yet claimed.
    private(set) var ticketCount = 0
    /// How many lanes had to wait when tickets were issued last, by reason.
    private(set) var holds: [HoldReason: Int] = [:]

    /// The slots to count on as long as no sender has been heard of.
    private static let presumedSlots = 32
    /// A sender that has nothing under way and was silent for so long is no longer counted on.
    private static let senderMemory = Duration.seconds(60)

    init(destinations: LimitTable, organizations: LimitTable, at now: Timestamp) {
        destinationMeters = Meters(destinations, since: now)
        organizationMeters = Meters(organizations, since: now)
        startedAt = now
        forgottenAt = now
        claimedUpTo = now
    }

    /// How much each sender makes at once.
    var senderSlots: [Int] { senders.values.map(\.slots) }

    /// The slots of all senders that no attempt has.
    private var freeSlots: Int {
        senders.isEmpty ? Self.presumedSlots : senders.values.reduce(0) { $0 + max(0, $1.slots - $1.sending) }
    }

    // MARK: - What waits

    /// Mail waits in this lane, or more of it.
    mutating func wait(in lane: Lane) {
        if lines[lane] == nil { lines[lane] = Line(destination: destination(of: lane)) }
        guard lines[lane]?.wait() == true else { return }
        if lanes[lane.organization] == nil { organizations.append(lane.organization) }
        lanes[lane.organization, default: Rotation()].append(lane)
    }

    /// What the ledger says after a change. What is claimed now was counted before.
    mutating func note(_ work: Delivery) {
        let known = attempts[work.id]
        switch work.state {
        case .sending: return
        case .pending:
            if let known, known.number < work.attempt { release(work.id) }
            if let lane = work.lane { wait(in: lane) }
        case .scheduled, .delivered, .deferred, .bounced, .dropped, .failed, .cancelled, .uncertain:
            if let known, known.number <= work.attempt { release(work.id) }
        }
    }

    private func destination(of lane: Lane) -> String { destinationMeters.limits.rule(for: lane.domain).name }

    // MARK: - Issuing

    /// A plan in the making.
    private struct Draft {
        var turns: [Lane: Turn] = [:]
        var again: Timestamp?
        var heldLanes: [Lane] = []
        var heldOrganizations: [String] = []

        mutating func note(_ hold: Meter.Hold) {
            if case .rate(let until?) = hold { again = min(again ?? until, until) }
        }
    }

    /// What may be issued now; it counts as issued at once. Each turn is settled or abandoned, once.
    /// - Returns: The turns, and when a rate lets more through.
    mutating func plan(atMost limit: Int, at now: Timestamp) -> (turns: [Turn], again: Timestamp?) {
        forget(at: now)
        // What senders take in the time that a ticket travels is on its way while slots fall free.
        let slots = freeSlots + pace.perSecond(at: now) / 40
        let end = min(ticketCount + limit, max(1, slots))
        var draft = Draft()
        holds = [:]
        while ticketCount < end, let name = organizations.popFirst() {
            let (free, meter) = (slots - ticketCount, organizationMeters[name])
            if let hold = meter.hold(free: free, at: now) {
                draft.note(hold)
                holds[.organization, default: 0] += lanes[name]?.count ?? 0
                draft.heldOrganizations.append(name)
            } else if let lane = nextLane(of: name, free: meter.part(of: free), at: now, &draft) {
                grant(lane, &draft)
                organizations.append(name)
            } else {
                lanes[name] = nil
            }
        }
        for name in draft.heldOrganizations { organizations.append(name) }
        for lane in draft.heldLanes {
            if lanes[lane.organization] == nil { organizations.append(lane.organization) }
            lanes[lane.organization, default: Rotation()].append(lane)
        }
        return (Array(draft.turns.values), draft.again)
    }

    /// The organization's next lane that need not wait; those that must are set aside.
    private mutating func nextLane(of organization: String, free: Int, at now: Timestamp, _ draft: inout Draft) -> Lane? {
        while let lane = lanes[organization]?.popFirst() {
            guard let line = lines[lane], line.isWaiting else {
                lines[lane]?.isInRotation = false
                tidy(lane)
                continue
            }
            guard let hold = destinationMeters[line.destination].hold(free: free, at: now) else { return lane }
            draft.note(hold)
            draft.heldLanes.append(lane)
            switch hold {
            case .concurrency: holds[.concurrency, default: 0] += 1
            case .rate: holds[.rate, default: 0] += 1
            case .share: holds[.share, default: 0] += 1
            }
        }
        return nil
    }

    private mutating func grant(_ lane: Lane, _ draft: inout Draft) {
        lanes[lane.organization]?.append(lane)
        guard let (known, place, destination) = lines[lane]?.grant() else { return }
        countTickets(1, in: lane, to: destination)
        if let known {
            draft.turns[lane, default: Turn(lane: lane, place: place)].known.append(known)
        } else {
            draft.turns[lane, default: Turn(lane: lane, place: place)].count += 1
        }
    }

    /// Takes what was found on the disk for a turn; what is beyond its count is kept for the next.
    /// - Returns: The tickets to publish.
    mutating func settle(_ turn: Turn, found: [Waiting], at now: Timestamp) -> [Ticket] {
        let destination = destination(of: turn.lane)
        var tickets: [Ticket] = []
        for ticket in turn.known + found.prefix(turn.count).map(\.ticket) {
            // One that is under way by a ticket of an earlier life has been counted already.
            if let known = attempts[ticket.delivery], known.number >= ticket.attempt { continue }
            release(ticket.delivery)
            attempts[ticket.delivery] = Attempt(
                number: ticket.attempt, lane: turn.lane, destination: destination, session: nil, issuedAt: now)
            tickets.append(ticket)
        }
        if let last = found.last { lines[turn.lane]?.place = last.place }
        for ahead in found.dropFirst(turn.count) { lines[turn.lane]?.known.append(ahead.ticket) }
        uncount(turn.known.count + turn.count - tickets.count, of: turn.lane)
        if found.count < turn.count, let line = lines[turn.lane], !line.hasNews, line.known.count == 0 {
            lines[turn.lane]?.isWaiting = false
        }
        return tickets
    }

    /// The disk could not be asked.
    mutating func abandon(_ turn: Turn) {
        wait(in: turn.lane)
        for ticket in turn.known { lines[turn.lane]?.known.append(ticket) }
        uncount(turn.known.count + turn.count, of: turn.lane)
    }

    /// The broker has these tickets.
    mutating func issued(_ tickets: [Ticket], at now: Timestamp) {
        for ticket in tickets where attempts[ticket.delivery]?.number == ticket.attempt {
            attempts[ticket.delivery]?.issuedAt = now
        }
    }

    /// The broker may not have this ticket: its delivery gets another, unless it has been claimed.
    mutating func unissued(_ ticket: Ticket) {
        if attempts[ticket.delivery]?.session == nil { takeBack(ticket) }
    }

    /// A ticket came to nothing: its delivery gets another.
    private mutating func takeBack(_ ticket: Ticket) {
        guard let attempt = attempts[ticket.delivery], attempt.number == ticket.attempt else { return }
        wait(in: attempt.lane)
        release(ticket.delivery)
        lines[attempt.lane]?.known.append(ticket)
    }

    /// Whether a ticket has been out since before `limit`, so that it may be lost.
    func hasTicket(issuedBefore limit: Timestamp) -> Bool {
        attempts.values.contains { $0.session == nil && $0.issuedAt < limit }
    }

    /// Tickets that were issued before `limit` and are lost: younger ones have been claimed, or nothing is left in the queue.
    /// They count as issued now.
    mutating func takeLost(issuedBefore limit: Timestamp, isQueueEmpty: Bool, at now: Timestamp) -> [Ticket] {
        let lost = attempts.filter { _, attempt in
            attempt.session == nil && attempt.issuedAt < limit && (isQueueEmpty || attempt.issuedAt < claimedUpTo)
        }
        for delivery in lost.keys { attempts[delivery]?.issuedAt = now }
        return lost.map { Ticket(delivery: $0.key, attempt: $0.value.number) }
    }

    // MARK: - Claims

    /// Whether this ticket is out or has been claimed.
    func knows(_ ticket: Ticket) -> Bool { attempts[ticket.delivery]?.number == ticket.attempt }

    /// A sender claims: counts what it may have as under way. The ledger has the last word on each; see ``refused(_:of:)``.
    /// - Parameter strangers: The lanes of pending deliveries whose tickets were issued in an earlier life.
    /// - Returns: The tickets that have to wait.
    mutating func claim(_ request: ClaimRequest, strangers: [Ticket: Lane], at now: Timestamp) -> Set<Ticket> {
        senders[request.session, default: Sender(seenAt: now)].slots = max(1, min(request.slots, 10_000))
        senders[request.session]?.seenAt = now
        var waits: Set<Ticket> = []
        for ticket in request.tickets {
            if let attempt = attempts[ticket.delivery], attempt.number == ticket.attempt {
                guard attempt.session == nil else { continue }
                let (free, meter) = (freeSlots, organizationMeters[attempt.lane.organization])
                guard meter.mayBegin(free: free),
                    destinationMeters[attempt.destination].mayBegin(free: meter.partToBegin(of: free))
                else {
                    takeBack(ticket)
                    waits.insert(ticket)
                    continue
                }
                begin(ticket.delivery, attempt, by: request.session, at: now)
            } else if attempts[ticket.delivery] == nil, let lane = strangers[ticket] {
                let (free, destination) = (freeSlots, destination(of: lane))
                let meter = organizationMeters[lane.organization]
                guard meter.hold(free: free, at: now) == nil,
                    destinationMeters[destination].hold(free: meter.part(of: free), at: now) == nil
                else {
                    waits.insert(ticket)
                    continue
                }
                let attempt = Attempt(
                    number: ticket.attempt, lane: lane, destination: destination, session: nil, issuedAt: startedAt)
                attempts[ticket.delivery] = attempt
                wait(in: lane)
                lines[lane]?.tickets += 1
                countTickets(1, in: lane, to: destination)
                begin(ticket.delivery, attempt, by: request.session, at: now)
            }
        }
        return waits
    }

    private mutating func begin(_ delivery: DeliveryID, _ attempt: Attempt, by session: SessionID, at now: Timestamp) {
        attempts[delivery]?.session = session
        senders[session]?.sending += 1
        claimedUpTo = max(claimedUpTo, attempt.issuedAt)
        pace.count(at: now)
        ticketCount -= 1
        destinationMeters[attempt.destination].begin(at: now)
        organizationMeters[attempt.lane.organization].begin(at: now)
        lines[attempt.lane]?.tickets -= 1
        tidy(attempt.lane)
    }

    /// The ledger refused a ticket for good, or has to be asked again.
    mutating func refused(_ ticket: Ticket, of session: SessionID, isPending: Bool) {
        guard let attempt = attempts[ticket.delivery], attempt.number == ticket.attempt, attempt.session == session else { return }
        if isPending { takeBack(ticket) } else { release(ticket.delivery) }
    }

    /// A sender is no more. What it had claimed is told apart.
    mutating func end(_ session: SessionID) { senders[session] = nil }

    /// What a session had claimed before the scheduler started.
    mutating func restore(_ ticket: Ticket, in lane: Lane, of session: SessionID, at now: Timestamp) {
        guard attempts[ticket.delivery] == nil else { return }
        let destination = destination(of: lane)
        attempts[ticket.delivery] = Attempt(
            number: ticket.attempt, lane: lane, destination: destination, session: session, issuedAt: now)
        senders[session, default: Sender(seenAt: now)].sending += 1
        destinationMeters[destination].sending += 1
        organizationMeters[lane.organization].sending += 1
    }

    // MARK: - Counting

    private mutating func countTickets(_ count: Int, in lane: Lane, to destination: String) {
        ticketCount += count
        destinationMeters[destination].tickets += count
        organizationMeters[lane.organization].tickets += count
    }

    private mutating func uncount(_ tickets: Int, of lane: Lane) {
        guard tickets > 0 else { return }
        countTickets(-tickets, in: lane, to: destination(of: lane))
        lines[lane]?.tickets -= tickets
        tidy(lane)
    }

    /// An attempt is over, or its ticket is.
    private mutating func release(_ delivery: DeliveryID) {
        guard let attempt = attempts.removeValue(forKey: delivery) else { return }
        guard let session = attempt.session else {
            countTickets(-1, in: attempt.lane, to: attempt.destination)
            lines[attempt.lane]?.tickets -= 1
            return tidy(attempt.lane)
        }
        destinationMeters[attempt.destination].sending -= 1
        organizationMeters[attempt.lane.organization].sending -= 1
        if let sending = senders[session]?.sending { senders[session]?.sending = max(0, sending - 1) }
    }

    /// Forgets a lane in which nothing waits.
    private mutating func tidy(_ lane: Lane) {
        guard let line = lines[lane], !line.isWaiting, !line.isInRotation, line.tickets == 0 else { return }
        lines[lane] = nil
    }

    private mutating func forget(at now: Timestamp) {
        guard now - forgottenAt >= .seconds(10) || now < forgottenAt else { return }
        forgottenAt = now
        destinationMeters.forget(at: now)
        organizationMeters.forget(at: now)
        senders = senders.filter { $0.value.sending > 0 || $0.value.seenAt + Self.senderMemory > now }
    }
}
