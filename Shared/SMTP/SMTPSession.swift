/// A connection to a server that takes one message after another.
package final class SMTPSession: Sendable {
    /// What the server offers.
    package var capabilities: SMTPCapabilities { SMTPCapabilities() }

    /// Whether another message can be sent here. Always false once an attempt failed or the server said goodbye.
    package var isReusable: Bool { false }

    /// Sends one message to one recipient. One at a time: a second call meanwhile fails with ``SMTPFault/unusable``.
    ///
    /// - Parameters:
    ///   - from: The return path, without brackets; empty for the null return path.
    ///   - to: The recipient.
    ///   - message: Complete, with CRLF lines of at most 998 bytes; refused otherwise. Dots are stuffed here.
    ///   - beforeDot: Awaited after the server said 354 and before the bytes that complete the message are written. If it throws,
    ///     the message is not completed and the connection ends.
    package func send(
        from: String, to: String, message: [UInt8], beforeDot: @Sendable () async throws -> Void = {}
    ) async -> SMTPAttempt {
        SMTPAttempt(outcome: .failed(.unusable, stage: .idle, mayHaveLeft: false), transcript: SMTPTranscript())
    }

    /// Says goodbye and closes, waiting for the server's answer no longer than the timeout for it.
    package func quit() async {}

    init() {}
}
