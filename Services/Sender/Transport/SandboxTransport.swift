import Logging
import Mail
import Runtime
import SMTP
import ServiceLifecycle

/// Delivers to a folder on this machine instead of to the world, so that everything can be tried without sending any mail.
///
/// The history looks as if a server had been spoken to, one that some recipients have trouble with (``SandboxPersona``). The envelope
/// stands in front of a kept message as `Return-Path` and `Delivered-To`, as a mail server's delivery agent writes them.
struct SandboxTransport: Transport {
    let maildir: Maildir
    let world: SandboxWorld
    let time: TimeSource
    let logger: Logger

    func deliver(_ mail: OutgoingMail, beforeDot: @escaping @Sendable () async throws -> Void) async -> Handover {
        let persona = SandboxPersona(mail.recipient)
        var talk = SandboxConversation(with: "mx.\(mail.recipient.domain)", time: time)
        do {
            if let refusal = try await open(mail, persona, &talk) { return talk.ended(.refused(refusal, stage: .recipient)) }
        } catch {
            return talk.ended(.failed(.cancelled, stage: .recipient, mayHaveLeft: false))
        }

        let envelope = "Return-Path: <\(mail.returnPath.withoutControls)>\r\nDelivered-To: \(mail.recipient)\r\n"
        let draft: Maildir.Draft
        do {
            draft = try await maildir.write(Array(envelope.utf8) + mail.bytes, at: time.now())
        } catch {
            return failed("\(error)", talk)
        }
        do {
            try await beforeDot()
        } catch {
            await discard(draft)
            let fault = error is CancellationError ? SMTPFault.cancelled : .withheld("\(error)")
            return talk.ended(.failed(fault, stage: .message, mayHaveLeft: false))
        }
        talk.say("(\(mail.bytes.count) bytes)")
        do {
            let name = try await maildir.show(draft)
            if persona == .dropAfterDot {
                talk.remark("the server closed the connection")
                return talk.ended(.failed(.disconnected("closed the connection"), stage: .dot, mayHaveLeft: true))
            }
            let reply = SMTPReply(
                code: 250, enhanced: EnhancedStatusCode(class: 2, subject: 0, detail: 0), lines: ["sandbox accepted \(name)"])
            talk.hear("\(reply)")
            if let persona { world.deliver(mail, to: persona) }
            return talk.ended(.accepted(reply))
        } catch {
            await discard(draft)
            return failed("\(error)", talk)
        }
    }

    /// Speaks until the message may be sent.
    /// - Returns: The refusal, where there is one.
    /// - Throws: `CancellationError`.
    private func open(
        _ mail: OutgoingMail, _ persona: SandboxPersona?, _ talk: inout SandboxConversation
    ) async throws -> SMTPReply? {
        let hesitation = persona?.hesitation ?? (.zero, .zero)
        try await world.hesitate(hesitation.greeting)
        talk.hear("220 \(talk.host) ESMTP sandbox")
        talk.say("EHLO sandbox.invalid")
        talk.hear("250-\(talk.host)\n250-PIPELINING\n250-8BITMIME\n250-ENHANCEDSTATUSCODES\n250 SMTPUTF8")
        talk.say("MAIL FROM:<\(mail.returnPath.withoutControls)>")
        talk.hear("250 2.1.0 Ok")
        talk.say("RCPT TO:<\(mail.recipient)>")
        try await world.hesitate(hesitation.recipient)
        if let refusal = persona?.refusal(attempt: mail.attempt) {
            talk.hear("\(refusal)")
            return refusal
        }
        talk.hear("250 2.1.5 Ok")
        talk.say("DATA")
        talk.hear("354 End data with <CR><LF>.<CR><LF>")
        return nil
    }

    private func discard(_ draft: Maildir.Draft) async {
        do { try await maildir.discard(draft) } catch {
            logger.warning("Cannot delete a message that was not kept", metadata: ["reason": "\(error)"])
        }
    }

    private func failed(_ reason: String, _ talk: SandboxConversation) -> Handover {
        logger.error("The sandbox cannot keep a message", metadata: ["reason": "\(reason)"])
        let reply = SMTPReply(
            code: 452, enhanced: EnhancedStatusCode(class: 4, subject: 3, detail: 1),
            lines: ["The sandbox cannot keep the message just now"])
        var talk = talk
        talk.hear("\(reply)")
        return talk.ended(.refused(reply, stage: .dot))
    }

    /// What the recipients do afterwards.
    func run() async throws { try await world.run() }
}

/// The sandbox's side of the story, in the form that a conversation with a server has.
private struct SandboxConversation {
    /// The server that is played.
    let host: String
    private let time: TimeSource
    private var text: String

    init(with host: String, time: TimeSource) {
        self.host = host
        self.time = time
        text = "# \(time.now().description.prefix(10)) UTC, sandbox, plain text\n"
        remark("sandbox: the message stays on this machine")
    }

    mutating func say(_ words: String) { note(">", words) }
    mutating func remark(_ words: String) { note("*", words) }
    mutating func hear(_ words: String) { for line in words.split(separator: "\n") { note("<", line) } }

    func ended(_ outcome: SMTPOutcome) -> Handover {
        Handover(outcome: outcome, peer: "sandbox", tls: nil, transcript: text)
    }

    private mutating func note(_ mark: String, _ words: some StringProtocol) {
        text += "\(time.now().description.dropFirst(11).dropLast()) \(mark) \(words)\n"
    }
}
