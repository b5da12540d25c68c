import Foundation
package import Mail

/// The time, and waiting for it. Tests bring their own.
package struct TimeSource: Sendable {
    package let now: @Sendable () -> Timestamp
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async throws -> Void) {
        self.now = now
        self.sleep = sleep
    }

    /// The system's clock.
    package static let system = TimeSource(now: { Timestamp(Date()) }, sleep: { try await Task.sleep(for: $0) })
}

extension ID {
    /// A new name, made now.
    package static func fresh() -> ID {
        var random = SystemRandomNumberGenerator()
        return v7(at: Timestamp(Date()), random: &random)
    }
}
