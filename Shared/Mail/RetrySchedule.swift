/// When to try again after a server said "later".
package struct RetrySchedule: Hashable, Sendable {
    /// The wait after the first deferral; doubled after each further one.
    package var first: Duration
    /// The longest wait.
    package var ceiling: Duration
    /// How long after the FIRST deferral a delivery is given up.
    package var lifetime: Duration

    /// 1, 2, 4 … 240, 240 minutes, for 72 hours.
    package init(first: Duration = .seconds(60), ceiling: Duration = .seconds(240 * 60), lifetime: Duration = .seconds(72 * 3600)) {
        self.first = first
        self.ceiling = ceiling
        self.lifetime = lifetime
    }
}
