import Synchronization

/// Counts, for a script that does something only once.
package final class Counter: Sendable {
    private let count = Mutex(0)

    package init() {}

    /// 1 at first.
    package func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
