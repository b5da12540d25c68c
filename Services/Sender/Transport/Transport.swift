import ServiceLifecycle

/// A way for messages to leave: a relay, or the sandbox that keeps them here. Runs for as long as messages may be handed to it.
protocol Transport: Service, Sendable {
    /// Hands one message over. As many at once as the caller likes.
    /// - Parameter beforeDot: Awaited before the bytes that complete the message leave; if it throws, they do not.
    func deliver(_ mail: OutgoingMail, beforeDot: @escaping @Sendable () async throws -> Void) async -> Handover
}
