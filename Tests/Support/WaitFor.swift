/// A condition that did not come true before its deadline.
package struct NotInTime: Error, CustomStringConvertible {
    package let what: String
    package let limit: Duration

    package var description: String { "Not within \(limit): \(what)" }
}

/// Waits until `condition` holds, asking every few milliseconds.
/// - Parameters:
///   - limit: The deadline. Generous ones cost nothing where the condition comes true.
///   - what: What is waited for, for whoever reads the failure.
/// - Throws: ``NotInTime``; whatever `condition` throws.
package func eventually(
    within limit: Duration = .seconds(10), _ what: String, isolation: isolated (any Actor)? = #isolation,
    condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NotInTime(what: what, limit: limit) }
        try await Task.sleep(for: .milliseconds(5))
    }
}
