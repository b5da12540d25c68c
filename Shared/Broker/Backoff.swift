/// The waits between tries to connect: full jitter, so that many clients of a broker that comes back do not come all at once.
///
/// The n-th wait is uniform between 0 and 0.2 s · 2ⁿ⁻¹, at most `ceiling`.
struct Backoff: Sendable {
    let ceiling: Duration
    private var tries = 0

    init(ceiling: Duration) {
        self.ceiling = ceiling
    }

    /// - Parameter chance: Uniform in `0..<1`.
    mutating func wait(chance: Double) -> Duration {
        tries += 1
        return min(ceiling, .milliseconds(200) * (1 << min(tries - 1, 20))) * chance
    }

    /// A connection that was lost at once is no sign that all is well: only a minute of health makes the waits short again.
    mutating func note(healthyFor time: Duration) {
        if time >= .seconds(60) { tries = 0 }
    }
}
