import Foundation

/// What went wrong in a test's own machinery, in words.
package struct Trouble: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Waits until `condition` holds, looking often.
/// - Throws: ``Trouble`` when `limit` has passed, or what `condition` throws.
package func eventually(
    within limit: Duration, _ expectation: String, _ condition: @Sendable () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { throw Trouble("After \(limit) it is still not so that \(expectation).") }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Runs work that blocks on a thread of its own.
package func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}
