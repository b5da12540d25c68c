import Mail

/// How many a second, from the last whole second and the one that runs. A value: no clock.
struct Pace: Sendable {
    private var start = Timestamp(microseconds: 0)
    private var current = 0
    private var previous = 0

    mutating func count(at now: Timestamp) {
        turn(at: now)
        current += 1
    }

    mutating func perSecond(at now: Timestamp) -> Int {
        turn(at: now)
        return max(previous, current)
    }

    private mutating func turn(at now: Timestamp) {
        let passed = now - start
        guard passed >= .seconds(1) || passed < .zero else { return }
        previous = passed < .seconds(2) ? current : 0
        current = 0
        start = now
    }
}
