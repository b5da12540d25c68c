import Synchronization

/// What a service needs in order to do its job. `/readyz` lists what is missing.
package final class Readiness: Sendable {
    private let needs = Mutex<[(name: String, trouble: @Sendable () -> String?)]>([])

    package init() {}

    /// - Parameter trouble: What is missing just now, in words; `nil` when all is well. Called at every question; must not block.
    package func require(_ name: String, trouble: @escaping @Sendable () -> String?) {
        needs.withLock { $0.append((name, trouble)) }
    }

    /// What is missing just now, in the order of asking.
    package func troubles() -> [(name: String, trouble: String)] {
        needs.withLock { $0 }.compactMap { need in need.trouble().map { (need.name, $0) } }
    }
}
