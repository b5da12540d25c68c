package import NIOCore
import Synchronization

/// A connection to a server that takes one message after another.
package final class SMTPSession: Sendable {
    /// What the server offers.
    package let capabilities: SMTPCapabilities
    private let channel: any Channel
    private let handler: NIOLoopBound<SMTPChannelHandler>
    private let usable: UsableFlag

    /// Whether another message can be sent here. False once an attempt broke off or the server said goodbye.
    package var isReusable: Bool { usable.isSet && channel.isActive }

    private init(
        capabilities: SMTPCapabilities, channel: any Channel, handler: NIOLoopBound<SMTPChannelHandler>, usable: UsableFlag
    ) {
        self.capabilities = capabilities
        self.channel = channel
        self.handler = handler
        self.usable = usable
    }

    deinit {
        channel.close(mode: .all, promise: nil)
    }

    /// Converses until messages can be sent.
    static func open(
        channel: any Channel, handler: NIOLoopBound<SMTPChannelHandler>
    ) async throws(SMTPConnectFailure) -> SMTPSession {
        let usable = UsableFlag()
        let result = await converse(channel, handler) { handler, continuation in
            handler.open(usable: usable, continuation)
        }
        switch result {
        case .open(let capabilities):
            return SMTPSession(capabilities: capabilities, channel: channel, handler: handler, usable: usable)
        case .settled(let attempt):
            throw SMTPConnectFailure(outcome: attempt.outcome, transcript: attempt.transcript)
        case .dotPending, .closed:
            throw SMTPConnectFailure(
                outcome: .failed(.unusable, stage: .greeting, mayHaveLeft: false), transcript: SMTPTranscript())
        }
    }

    /// Sends one message to one recipient. One at a time: a second call meanwhile fails with ``SMTPFault/unusable``.
    ///
    /// Cancelling the task ends the connection; the outcome says whether the message may have left.
    /// - Parameters:
    ///   - from: The return path, without brackets; empty for the null return path.
    ///   - to: The recipient, without brackets.
    ///   - message: Complete, with CRLF lines of at most 998 bytes, no NUL and no other CR or LF: refused otherwise, because to repair it would
    ///     break its signature. Dots are stuffed here.
    ///   - envelopeID: A name for the message, so that a server that knows DSN (RFC 3461) says it in a notice of failure or delay, which it is
    ///     then asked for.
    ///   - deadline: When the message has to be ready for its end; the answer to that has its own time.
    ///   - beforeDot: Awaited after the server said 354 and before the bytes that complete the message are written. If it throws,
    ///     the message is not completed and the connection ends.
    package func send(
        from: String, to: String, message: [UInt8], envelopeID: String? = nil, by deadline: NIODeadline = .distantFuture,
        beforeDot: @Sendable () async throws -> Void = {}
    ) async -> SMTPAttempt {
        let transaction: SMTPTransaction
        let body: SMTPMessage
        do {
            body = try SMTPMessage(message)
            transaction = try SMTPTransaction(
                from: from, to: to, size: body.size, isEightBit: body.isEightBit,
                hasInternationalHeaders: body.hasInternationalHeaders, envelopeID: envelopeID)
        } catch {
            var transcript = SMTPTranscript()
            transcript.append(.note, "\(error)")
            return SMTPAttempt(outcome: .unsendable(error), transcript: transcript)
        }
        switch await Self.converse(channel, handler, { $0.begin(transaction, body.ended, by: deadline, $1) }) {
        case .settled(let attempt): return attempt
        case .dotPending: break
        case .open, .closed: return Self.unusable
        }
        let last: SMTPChannelHandler.Step
        do {
            try await beforeDot()
            last = await Self.converse(channel, handler) { $0.complete($1) }
        } catch {
            let fault: SMTPFault = error is CancellationError ? .cancelled : .withheld("\(error)")
            last = await Self.converse(channel, handler) { $0.withhold(fault, $1) }
        }
        guard case .settled(let attempt) = last else { return Self.unusable }
        return attempt
    }

    /// Says goodbye and closes, waiting for the server's answer no longer than the timeout for it.
    package func quit() async {
        _ = await Self.converse(channel, handler) { $0.quit($1) }
    }

    private static var unusable: SMTPAttempt {
        var transcript = SMTPTranscript()
        transcript.append(.note, SMTPFault.unusable.description)
        return SMTPAttempt(outcome: .failed(.unusable, stage: .idle, mayHaveLeft: false), transcript: transcript)
    }

    /// Has the event loop do something and awaits what comes of it; if the task is cancelled, the connection ends and so does the wait.
    private static func converse(
        _ channel: any Channel, _ handler: NIOLoopBound<SMTPChannelHandler>,
        _ act: @escaping @Sendable (SMTPChannelHandler, CheckedContinuation<SMTPChannelHandler.Step, Never>) -> Void
    ) async -> SMTPChannelHandler.Step {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                channel.eventLoop.execute { act(handler.value, continuation) }
            }
        } onCancel: {
            channel.eventLoop.execute { handler.value.cancel() }
        }
    }
}

/// Whether a session takes messages, readable from anywhere.
final class UsableFlag: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .acquiring) }

    func set(_ value: Bool) {
        flag.store(value, ordering: .releasing)
    }
}
