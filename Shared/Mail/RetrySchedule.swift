/// When to try again after a server said "later".
///
/// With the defaults the waits are, before jitter:
///
/// | after deferral | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 and more |
/// |---|---|---|---|---|---|---|---|---|---|
/// | minutes | 1 | 2 | 4 | 8 | 16 | 32 | 64 | 128 | 240 |
///
/// A wait that would go beyond the lifetime ends with it, so the last retry falls 72 hours after the first deferral and none
/// later: 25 retries in all where every one is deferred at once.
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

    /// When the next attempt is due; `nil` once the lifetime has passed: the delivery has expired.
    /// - Parameter firstDeferredAt: When the first of the deferrals was.
    package func next(
        afterDeferrals made: Int, firstDeferredAt: Timestamp, now: Timestamp, askedFor asked: Duration?, jitter: Double
    ) -> Timestamp? {
        let end = firstDeferredAt + lifetime
        guard now < end else { return nil }
        return min(now + wait(afterDeferrals: made, askedFor: asked, jitter: jitter), end)
    }
}
