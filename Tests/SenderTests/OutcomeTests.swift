import Foundation
import Mail
import SMTP
import Testing

@testable import Sender

@Suite("What a server's answer means")
struct OutcomeTests {
    static let job = Job(
        delivery: .derived(from: "d"), attempt: 2, mailing: .derived(from: "m"), organization: "acme", kind: "invite",
        audience: .direct, recipient: Mailbox(address: .test("ann@example.net")), role: .to, variables: [:],
        acceptedAt: Timestamp(microseconds: 1_700_000_000_000_000), content: ContentHash(of: Data()))
    static let session = SessionID.derived(from: "s")
    static let now = Timestamp(microseconds: 1_700_000_100_000_000)

    private static func reply(_ text: String) -> SMTPReply {
        let words = text.split(separator: " ", maxSplits: 2).map(String.init)
        let enhanced = words.count > 1 ? EnhancedStatusCode(words[1]) : nil
        return SMTPReply(
            code: Int(words[0]) ?? 0, enhanced: enhanced,
            lines: [words.dropFirst(enhanced == nil ? 1 : 2).joined(separator: " ")])
    }

    private static func fact(_ outcome: SMTPOutcome) -> Fact? {
        AttemptReport(job: job, session: session, startedAt: now)
            .fact(for: Handover(outcome: outcome, peer: "192.0.2.1:25", tls: nil, transcript: "log"), at: now)
    }

    @Test(
        "a refusal is classified by code, text and stage",
        arguments: [
            ("550 5.1.1 No such user", SMTPStage.recipient, BounceClass.hard, BounceReason.addressUnknown, true),
            ("550 No such user here", .recipient, .hard, .addressUnknown, true),
            ("550 Requested action not taken", .recipient, .hard, .addressUnknown, false),
            ("550 5.2.1 Mailbox disabled", .recipient, .hard, .movedOrDisabled, true),
            ("452 4.2.2 Mailbox full", .recipient, .soft, .mailboxFull, true),
            ("552 5.2.2 Over quota", .recipient, .soft, .mailboxFull, true),
            ("552 5.3.4 Message too big for system", .mail, .soft, .messageTooLarge, true),
            ("552 Too much mail data", .dot, .soft, .messageTooLarge, false),
            ("451 4.7.1 Greylisted, try again in 5 minutes", .recipient, .transient, .greylisted, true),
            ("421 Service not available", .mail, .transient, .serverUnavailable, true),
            ("554 5.7.1 Relay access denied", .recipient, .block, .relayingDenied, true),
            ("554 5.7.1 Blocked by Spamhaus", .recipient, .block, .policyRefused, true),
            ("550 5.7.26 Unauthenticated email is not accepted", .dot, .block, .authenticationRefused, true),
            ("554 5.6.0 Message contains a virus", .dot, .block, .contentRejected, true),
            ("554 Transaction failed", .dot, .block, .contentRejected, false),
            ("553 Sender not allowed", .mail, .block, .senderRefused, true),
            ("550 5.1.2 Host unknown", .recipient, .hard, .domainUnknown, true),
            ("450 4.1.1 User unknown", .recipient, .soft, .addressUnknown, false),
            ("450 4.2.1 The user is receiving mail too quickly", .recipient, .transient, .rateLimited, true),
            ("535 5.7.8 Bad credentials", .auth, .block, .authenticationRefused, true),
            ("550 5.1.1 over quota", .recipient, .soft, .mailboxFull, false),
        ])
    func classified(reply: String, stage: SMTPStage, bounceClass: BounceClass, reason: BounceReason, certain: Bool) {
        let verdict = ReplyClassifier.verdict(on: Self.reply(reply), at: stage)
        #expect(verdict == Verdict(class: bounceClass, reason: reason, certain: certain))
    }

    @Test(
        "later or never: by the code, but a refusal before the message's envelope is about us",
        arguments: [
            ("450 4.2.1 later", SMTPStage.recipient, Fact.Kind.attemptDeferred), ("550 5.1.1 no", .recipient, .attemptBounced),
            ("552 5.2.2 full", .recipient, .attemptDeferred), ("552 5.3.4 too large", .mail, .attemptBounced),
            ("554 no", .dot, .attemptBounced), ("554 no", .data, .attemptBounced), ("554 go away", .greeting, .attemptDeferred),
            ("535 5.7.8 bad", .auth, .attemptDeferred), ("530 5.7.0 authenticate first", .mail, .attemptDeferred),
            ("550 5.1.8 bad sender", .mail, .attemptBounced), ("421 bye", .dot, .attemptDeferred),
        ])
    func finality(reply: String, stage: SMTPStage, kind: Fact.Kind) {
        #expect(Self.fact(.refused(Self.reply(reply), stage: stage))?.kind == kind)
    }

    @Test("an answer that never came after the dot is uncertain, under the id that the journal would give it")
    func uncertain() throws {
        let fact = try #require(Self.fact(.failed(.disconnected("closed the connection"), stage: .dot, mayHaveLeft: true)))
        #expect(fact.kind == .attemptUncertain)
        let entry = JournalEntry(
            delivery: Self.job.delivery, attempt: 2, mailing: Self.job.mailing, organization: "acme", startedAt: Self.now,
            dotAt: Self.now)
        #expect(fact.id == entry.uncertain(session: Self.session).id)
        guard case .attemptUncertain(let ended) = fact.body else { return }
        #expect(ended.detail?.contains("may have arrived") == true)
        #expect(ended.peer == "192.0.2.1:25")
        #expect(ended.transcript == "log")
    }

    @Test("a server that cannot be reached defers, a message that it cannot take bounces, our own giving up says nothing")
    func withoutReply() {
        #expect(Self.fact(.failed(.unreachable("refused"), stage: .connect, mayHaveLeft: false))?.kind == .attemptDeferred)
        #expect(Self.fact(.failed(.timedOut(after: .seconds(5)), stage: .recipient, mayHaveLeft: false))?.kind == .attemptDeferred)
        #expect(Self.fact(.unsendable(.tooLarge(size: 9, limit: 1)))?.kind == .attemptBounced)
        #expect(Self.fact(.failed(.cancelled, stage: .mail, mayHaveLeft: false)) == nil)
        #expect(Self.fact(.failed(.withheld("disk full"), stage: .message, mayHaveLeft: false)) == nil)
        #expect(Self.fact(.failed(.cancelled, stage: .dot, mayHaveLeft: true))?.kind == .attemptUncertain)
    }

    @Test(
        "a wait that the server asks for is read",
        arguments: [
            ("Greylisted, try again in 5 minutes", 300), ("Please wait 300 seconds", 300), ("retry after 90s", 90),
            ("deferred for at least 2 hours", 7200), ("try again in 100 hours", 86_400), ("Try later", nil),
            ("error 4 minutes", nil),
            ("in 99999999999999 hours", nil), ("in 0 seconds", nil), ("in 5", nil), ("", nil),
            ("Greylisting in action, please come back in 00:05:00", 300), ("Please retry in 4:30", 270),
            ("retry after 300 sec", 300),
            ("try again later in 5 min", 300), ("Greylisted for 299 seconds", 299), ("please wait PT1H30M", 5400),
            ("try again in an hour", 3600), ("in einer Stunde erneut versuchen", 3600),
            ("Bitte in 10 Minuten erneut versuchen", 600),
            ("reessayez dans 15 minutes", 900), ("réessayer après 2 heures", 7200), ("intente de nuevo en 20 minutos", 1200),
            ("повторите через 5 минут", 300), ("too many messages in 1 hour, try later", nil), ("100 mails per 60 seconds", nil),
            ("at 12:30 the server was busy", nil), ("wait 99:99:99", 86_400), ("PT", nil), ("in ::", nil),
        ])
    func retryHint(text: String, seconds: Int?) {
        #expect(RetryHint.seconds(in: text) == seconds)
    }
}
