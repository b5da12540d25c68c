import Mail
import Runtime
import SMTP

/// Turns what happened in one attempt into the fact that tells of it.
struct AttemptReport {
    let job: Job
    let session: SessionID
    let startedAt: Timestamp

    /// The fact, or `nil` where the attempt never came to a result of its own: our side gave up before the message could leave.
    func fact(for handover: Handover, at now: Timestamp) -> Fact? {
        var ended = AttemptEnded(
            delivery: job.delivery, mailing: job.mailing, attempt: job.attempt, session: session, startedAt: startedAt,
            peer: handover.peer, tls: handover.tls, transcript: handover.transcript)
        let body: Fact.Body
        switch handover.outcome {
        case .accepted(let reply):
            ended.reply = ServerReply(reply)
            body = .attemptDelivered(ended)
        case .refused(let reply, let stage):
            ended.reply = ServerReply(reply)
            ended.verdict = ReplyClassifier.verdict(on: reply, at: stage)
            if isFinal(reply, at: stage) {
                body = .attemptBounced(ended)
            } else {
                ended.retryAfterSeconds = RetryHint.seconds(in: reply.text)
                body = .attemptDeferred(ended)
            }
        case .failed(let fault, _, mayHaveLeft: true):
            ended.detail = "\(fault) The message had been sent by then, so it may have arrived."
            return Fact(
                id: JournalEntry.uncertainID(session: session, ticket: job.ticket), organization: job.organization, occurredAt: now,
                body: .attemptUncertain(ended))
        case .failed(.cancelled, _, _), .failed(.withheld, _, _), .failed(.unusable, _, _):
            return nil
        case .failed(let fault, _, mayHaveLeft: false):
            ended.detail = fault.description
            ended.verdict = verdict(on: fault)
            body = .attemptDeferred(ended)
        case .unsendable(let obstacle):
            ended.detail = obstacle.description
            ended.verdict = verdict(on: obstacle)
            body = .attemptBounced(ended)
        }
        return Fact(id: .fresh(), organization: job.organization, occurredAt: now, body: body)
    }

    /// The fact that ends a delivery whose message could not be made: nobody refused it, so it did not bounce.
    func fact(for problem: Uncomposable, at now: Timestamp) -> Fact {
        Fact(
            id: .fresh(), organization: job.organization, occurredAt: now,
            body: .deliveryFailed(
                DeliveryFailed(
                    delivery: job.delivery, mailing: job.mailing, reason: .unreadableContent, detail: problem.description)))
    }

    /// Whether a refusal ends the delivery. A refusal before the message's own envelope is about us and the server, not about this
    /// recipient; and 552 to a recipient means what 452 does (RFC 5321 section 4.5.3.1.10).
    private func isFinal(_ reply: SMTPReply, at stage: SMTPStage) -> Bool {
        guard reply.isPermanent else { return false }
        switch stage {
        case .connect, .greeting, .hello, .startTLS, .tls, .auth, .reset, .idle, .quit: return false
        case .recipient: return reply.code != 552
        case .mail: return ![530, 534, 535, 538].contains(reply.code)
        case .data, .message, .dot: return true
        }
    }

    private func verdict(on fault: SMTPFault) -> Verdict {
        switch fault {
        case .unreachable, .unresolved, .timedOut, .disconnected, .cancelled, .withheld, .unusable:
            Verdict(class: .transient, reason: .network, certain: true)
        case .protocolViolation: Verdict(class: .transient, reason: .protocolError, certain: true)
        case .insecure: Verdict(class: .transient, reason: .policyRefused, certain: true)
        case .cannotAuthenticate: Verdict(class: .transient, reason: .authenticationRefused, certain: true)
        }
    }

    private func verdict(on obstacle: SMTPObstacle) -> Verdict {
        switch obstacle {
        case .tooLarge: Verdict(class: .soft, reason: .messageTooLarge, certain: true)
        case .unfitAddress: Verdict(class: .hard, reason: .addressUnknown, certain: true)
        case .noSuchDomain, .takesNoMail: Verdict(class: .hard, reason: .domainUnknown, certain: true)
        // A domain whose mail hosts lead nowhere may be mended one day.
        case .unroutable: Verdict(class: .hard, reason: .domainUnknown, certain: false)
        case .needsInternationalMail, .needsEightBit, .unfitMessage: Verdict(class: .block, reason: .protocolError, certain: true)
        }
    }
}

extension Job {
    /// The ticket that it was claimed with.
    var ticket: Ticket { Ticket(delivery: delivery, attempt: attempt) }
}

extension ServerReply {
    fileprivate init(_ reply: SMTPReply) {
        self.init(code: reply.code, enhanced: reply.enhanced?.description, text: reply.text)
    }
}
