import Mail

/// What one destination or one organization has under way, held against its limit. A value: no clock.
struct Meter: Sendable {
    let limit: Limit
    /// Issued and not yet claimed.
    var tickets = 0
    /// Claimed and not yet reported.
    var sending = 0
    private var tokens: Double
    private var filledAt: Timestamp

    /// Why nothing more may begin just now.
    enum Hold: Hashable, Sendable {
        case concurrency
        /// - Parameter until: When a token is there; `nil` where tickets that are out wait for those to come.
        case rate(until: Timestamp?)
        /// It would take more than its share of the slots.
        case share
    }

    /// Whatever holds slots may take another only while those that stay free are at least a seventh of what it holds, so that some
    /// are always left for others, however many never let go. An organization shares the slots with the other organizations, and a
    /// destination shares with the other destinations what its organization may still take.
    ///
    /// One destination that never lets go ends up with three quarters of all slots, several of one organization with up to seven
    /// eighths together.
    private static let share = 7

    /// - Parameter start: The tokens count from then on: before that nobody knows what was spent.
    init(_ limit: Limit, since start: Timestamp) {
        self.limit = limit
        tokens = 0
        filledAt = start
    }

    /// Whether another ticket must wait.
    /// - Parameter free: The slots that no attempt and no ticket has, or its organization's part of them.
    func hold(free: Int, at now: Timestamp) -> Hold? {
        if let most = limit.concurrency, tickets + sending >= most { return .concurrency }
        if tickets + sending >= max(1, Self.share * free) { return .share }
        guard let rate = limit.rate else { return nil }
        let wanted = Double(tickets + 1)
        let there = tokens(at: now, rate)
        if there >= wanted { return nil }
        return .rate(until: wanted > rate.burst ? nil : now + .seconds((wanted - there) / rate.perSecond) + .milliseconds(1))
    }

    /// How many more it may have of the slots that no attempt and no ticket has.
    func part(of free: Int) -> Int { Self.part(of: free, holding: tickets + sending) }

    /// Whether a delivery with a ticket may be claimed: the tickets were counted when they were issued, the slots are counted now.
    /// - Parameter free: The slots that no attempt has, or its organization's part of them.
    func mayBegin(free: Int) -> Bool { sending < max(1, Self.share * free) }

    /// How many more it may have of the slots that no attempt has.
    func partToBegin(of free: Int) -> Int { Self.part(of: free, holding: sending) }

    private static func part(of free: Int, holding held: Int) -> Int { max(0, (share * free - held) / (share + 1)) }

    /// A ticket is claimed.
    mutating func begin(at now: Timestamp) {
        tickets -= 1
        sending += 1
        fill(at: now)
        tokens -= 1
    }

    /// Whether forgetting it changes nothing.
    func isIdle(at now: Timestamp) -> Bool {
        guard tickets + sending == 0 else { return false }
        return limit.rate.map { tokens(at: now, $0) >= $0.burst } ?? true
    }

    private mutating func fill(at now: Timestamp) {
        guard let rate = limit.rate else { return }
        tokens = tokens(at: now, rate)
        filledAt = now
    }

    private func tokens(at now: Timestamp, _ rate: Limit.Rate) -> Double {
        let passed = max(0, Double(now.microseconds - filledAt.microseconds) / 1e6)
        return min(rate.burst, tokens + passed * rate.perSecond)
    }
}
