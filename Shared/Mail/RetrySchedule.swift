/// When to try again after a server said "later".
///
/// With the defaults the waits are, before jitter:
///
/// | after deferral | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 and more |
/// |---|---|---|---|---|---|---|---|---|---|
/// | minutes | 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 240 |
///
/// Where the next wait would reach beyond it, the last retry is made ten minutes before the lifetime ends: nothing is given up long
/// after it was last tried, nothing is given up before the 72 hours are over, and nothing is tried later. That makes 25 retries where
/// every one is deferred at once.
package struct RetrySchedule: Hashable, Sendable {
    /// The wait after the first deferral; doubled after each further one.
    package var first: Duration
    /// The longest wait, unless the server asks for more.
    package var ceiling: Duration
    /// How long after the FIRST deferral a delivery is given up.
    package var lifetime: Duration

    /// 1, 2, 4 … 240, 240 minutes, for 72 hours.
    package init(first: Duration = .seconds(60), ceiling: Duration = .seconds(240 * 60), lifetime: Duration = .seconds(72 * 3600)) {
        self.first = first
        self.ceiling = ceiling
        self.lifetime = lifetime
    }

    /// The wait before the next attempt.
    /// - Parameters:
    ///   - made: Deferrals so far, 1 or more.
    ///   - asked: The least wait that the server asked for, at most the lifetime.
    ///   - jitter: Uniform in `-1...1`: moves the wait by up to 10 %, so that what was deferred together does not return
    ///     together. Never below what the server asked for.
    package func wait(afterDeferrals made: Int, askedFor asked: Duration?, jitter: Double) -> Duration {
        var wait = first
        var doublings = max(made, 1) - 1
        while doublings > 0, wait < ceiling {
            wait *= 2
            doublings -= 1
        }
        wait = min(wait, ceiling)
        let least = min(asked ?? .zero, lifetime)
        let share = jitter.isFinite ? max(-1, min(1, jitter)) * 0.1 : 0
        return max(max(wait, least) * (1 + share), least)
    }

    /// How long before the end the last retry is made: time for the attempt itself.
    private var lastCall: Duration { min(.seconds(600), lifetime / 20) }

    /// When to go on: with the next attempt, or at the end of the lifetime with giving up; `nil` once that has passed.
    ///
    /// A server that asks for a wait beyond the end is asked once more all the same.
    /// - Parameter firstDeferredAt: When the first of the deferrals was.
    package func next(
        afterDeferrals made: Int, firstDeferredAt: Timestamp, now: Timestamp, askedFor asked: Duration?, jitter: Double
    ) -> Timestamp? {
        let end = firstDeferredAt + lifetime
        guard now < end else { return nil }
        let due = now + wait(afterDeferrals: made, askedFor: asked, jitter: jitter)
        let last = end - lastCall
        return due < last ? due : now < last ? last : end
    }
}
