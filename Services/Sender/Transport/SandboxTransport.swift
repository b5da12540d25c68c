import Logging
import Mail
import Runtime
import SMTP
import ServiceLifecycle

/// Delivers to a folder on this machine instead of to the world, so that everything can be tried without sending any mail.
///
/// The history looks as if a server had taken the message. The envelope stands in front of it as `Return-Path` and
/// `Delivered-To`, as a mail server's delivery agent writes them.
struct SandboxTransport: Transport {
    let maildir: Maildir
    let time: TimeSource
    let logger: Logger

    func deliver(_ mail: OutgoingMail, beforeDot: @escaping @Sendable () async throws -> Void) async -> Handover {
        var transcript = SandboxTranscript(startedAt: time.now())
        transcript.note(time.now(), "*", "sandbox: the message stays on this machine")
        transcript.note(time.now(), ">", "MAIL FROM:<\(mail.returnPath.withoutControls)>")
        transcript.note(time.now(), ">", "RCPT TO:<\(mail.recipient)>")
        let envelope = "Return-Path: <\(mail.returnPath.withoutControls)>\r\nDelivered-To: \(mail.recipient)\r\n"
        let draft: Maildir.Draft
        do {
            draft = try await maildir.write(Array(envelope.utf8) + mail.bytes, at: time.now())
        } catch {
            return failed("\(error)", &transcript)
        }
        do {
            try await beforeDot()
        } catch {
            await discard(draft)
            let fault = error is CancellationError ? SMTPFault.cancelled : .withheld("\(error)")
            return Handover(
                outcome: .failed(fault, stage: .message, mayHaveLeft: false), peer: Self.peer, tls: nil, transcript: transcript.text
            )
        }
        do {
            let name = try await maildir.show(draft)
            transcript.note(time.now(), ">", "(\(mail.bytes.count) bytes)")
            let reply = SMTPReply(
                code: 250, enhanced: EnhancedStatusCode(class: 2, subject: 0, detail: 0), lines: ["sandbox accepted \(name)"])
            transcript.note(time.now(), "<", "\(reply)")
            return Handover(outcome: .accepted(reply), peer: Self.peer, tls: nil, transcript: transcript.text)
        } catch {
            await discard(draft)
            return failed("\(error)", &transcript)
        }
    }

    private static let peer = "sandbox"

    private func discard(_ draft: Maildir.Draft) async {
        do { try await maildir.discard(draft) } catch {
            logger.warning("Cannot delete a message that was not kept", metadata: ["reason": "\(error)"])
        }
    }

    private func failed(_ reason: String, _ transcript: inout SandboxTranscript) -> Handover {
        logger.error("The sandbox cannot keep a message", metadata: ["reason": "\(reason)"])
        let reply = SMTPReply(
            code: 452, enhanced: EnhancedStatusCode(class: 4, subject: 3, detail: 1),
            lines: ["The sandbox cannot keep the message just now"])
        transcript.note(time.now(), "<", "\(reply)")
        return Handover(outcome: .refused(reply, stage: .dot), peer: Self.peer, tls: nil, transcript: transcript.text)
    }

    func run() async throws {
        do { try await gracefulShutdown() } catch is CancellationError { return }
    }
}

/// The sandbox's side of the story, in the form that a conversation with a server has.
private struct SandboxTranscript {
    private(set) var text: String

    init(startedAt: Timestamp) { text = "# \(startedAt.description.prefix(10)) UTC, sandbox, plain text\n" }

    mutating func note(_ now: Timestamp, _ mark: String, _ words: String) {
        text += "\(now.description.dropFirst(11).dropLast()) \(mark) \(words)\n"
    }
}
