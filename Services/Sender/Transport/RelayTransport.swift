import Logging
import Mail
import SMTP
import ServiceLifecycle
import Synchronization

/// Hands every message to one SMTP server, over connections that are kept for the next message.
struct RelayTransport: Transport {
    let client: SMTPClient
    let endpoint: SMTPEndpoint
    let logger: Logger
    private let idle = IdleSessions()

    /// How long a connection waits for another message. Servers wait for minutes; a connection that closed meanwhile costs a retry.
    private static let longestIdle = Duration.seconds(10)
    /// Many servers give up on a client after some hundred messages.
    private static let messagesPerSession = 100

    private struct Idle {
        let session: SMTPSession
        let messages: Int
        let since: ContinuousClock.Instant
    }

    private final class IdleSessions: Sendable {
        let all = Mutex<[Idle]>([])
    }

    init(client: SMTPClient, endpoint: SMTPEndpoint, logger: Logger) {
        self.client = client
        self.endpoint = endpoint
        self.logger = logger
    }

    func deliver(_ mail: OutgoingMail, beforeDot: @escaping @Sendable () async throws -> Void) async -> Handover {
        // The last one used is the least likely to have been closed.
        while let kept = idle.all.withLock({ $0.popLast() }) {
            guard kept.session.isReusable else {
                await kept.session.quit()
                continue
            }
            let attempt = await send(mail, over: kept.session, earlier: kept.messages, beforeDot: beforeDot)
            if !wasStale(attempt.outcome) { return Handover(attempt.outcome, attempt.transcript) }
        }
        do {
            let session = try await client.connect(to: endpoint)
            let attempt = await send(mail, over: session, earlier: 0, beforeDot: beforeDot)
            return Handover(attempt.outcome, attempt.transcript)
        } catch {
            return Handover(error.outcome, error.transcript)
        }
    }

    private func send(
        _ mail: OutgoingMail, over session: SMTPSession, earlier: Int, beforeDot: @escaping @Sendable () async throws -> Void
    ) async -> SMTPAttempt {
        let attempt = await session.send(
            from: mail.returnPath, to: mail.recipient.description, message: mail.bytes, beforeDot: beforeDot)
        if session.isReusable, earlier + 1 < Self.messagesPerSession {
            idle.all.withLock { $0.append(Idle(session: session, messages: earlier + 1, since: .now)) }
        } else {
            await session.quit()
        }
        return attempt
    }

    /// Whether a kept connection turned out to be closed, or was closed with a goodbye, before anything was said about this message.
    private func wasStale(_ outcome: SMTPOutcome) -> Bool {
        switch outcome {
        case .failed(let fault, let stage, mayHaveLeft: false):
            guard [.reset, .idle, .mail].contains(stage) else { return false }
            if case .disconnected = fault { return true }
            return fault == .unusable
        case .refused(let reply, let stage): return reply.code == 421 && [.reset, .idle, .mail].contains(stage)
        case .accepted, .unsendable, .failed: return false
        }
    }

    /// Closes connections that have waited too long, and all of them in the end.
    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: .seconds(1)) } catch is CancellationError { return }
                await close(idleSince: .now - Self.longestIdle)
            }
        }
        await close(idleSince: .now)
    }

    private func close(idleSince limit: ContinuousClock.Instant) async {
        let old = idle.all.withLock { all in
            let old = all.filter { $0.since <= limit }
            all.removeAll { $0.since <= limit }
            return old
        }
        await withDiscardingTaskGroup { group in
            for kept in old { group.addTask { await kept.session.quit() } }
        }
    }
}
