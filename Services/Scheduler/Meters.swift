import Mail

/// The meters of all destinations, or of all organizations, that have something under way. A value: no clock.
struct Meters: Sendable {
    let limits: LimitTable
    private let startedAt: Timestamp
    private var meters: [String: Meter] = [:]

    init(_ limits: LimitTable, since start: Timestamp) {
        self.limits = limits
        startedAt = start
    }

    /// - Parameter name: As ``LimitTable/rule(for:)`` gives it.
    subscript(name: String) -> Meter {
        get { meters[name] ?? Meter(limits.rule(for: name).limit, since: startedAt) }
        _modify {
            let (limits, start) = (limits, startedAt)
            yield &meters[name, default: Meter(limits.rule(for: name).limit, since: start)]
        }
    }

    /// Drops those of which nothing needs to be known.
    mutating func forget(at now: Timestamp) {
        meters = meters.filter { !$0.value.isIdle(at: now) }
    }
}
