import Mail
import SMTP

/// Understands a server's refusal: the enhanced code where it says something (RFC 3463 and its registry), the text where it does
/// not, the code and the stage where nothing else is left. Sure of itself only where the evidence is specific and agrees.
struct ReplyClassifier {
    static func verdict(on reply: SMTPReply, at stage: SMTPStage) -> Verdict {
        let said = signal(in: reply.text)
        let coded = reply.enhanced.flatMap { meaning(of: $0) }
        if let coded, coded.certain {
            // A specific code that the text contradicts: the code stands, but not for certain.
            let isContradicted = said.map { $0.reason != coded.reason } ?? false
            return Verdict(class: coded.class, reason: coded.reason, certain: !isContradicted)
        }
        if let said {
            return settled(said, reply)
        }
        return coded ?? byCode(reply, at: stage)
    }

    /// Some reasons mean another class where the server says "later".
    private static func settled(_ verdict: Verdict, _ reply: SMTPReply) -> Verdict {
        guard reply.isTransient, verdict.class == .hard else { return verdict }
        return Verdict(class: .soft, reason: verdict.reason, certain: false)
    }

    // MARK: - Enhanced codes

    /// What subject and detail mean; not certain where the registry leaves it open.
    private static func meaning(of code: EnhancedStatusCode) -> Verdict? {
        let isPermanent = code.class == 5
        func either(_ permanent: BounceClass, _ reason: BounceReason, certain: Bool = true) -> Verdict {
            Verdict(class: isPermanent ? permanent : permanent == .hard ? .soft : permanent, reason: reason, certain: certain)
        }
        return switch (code.subject, code.detail) {
        case (1, 1), (1, 3): either(.hard, .addressUnknown)
        case (1, 0), (1, 4): either(.hard, .addressUnknown, certain: false)
        case (1, 2), (1, 10): either(.hard, .domainUnknown)
        case (1, 6), (2, 1): either(.hard, .movedOrDisabled, certain: isPermanent)
        case (1, 7), (1, 8), (7, 27): either(.block, .senderRefused)
        case (2, 2): either(.soft, .mailboxFull)
        case (2, 3), (3, 4): either(.soft, .messageTooLarge)
        case (2, 4): either(.hard, .other, certain: false)
        case (3, 1), (3, 2), (3, 5), (4, 3): either(.transient, .serverUnavailable)
        case (4, 1), (4, 2): either(.transient, .network)
        case (4, 4): isPermanent ? either(.hard, .domainUnknown) : either(.transient, .network)
        case (4, 5), (5, 3), (7, 28): either(.transient, .rateLimited)
        case (4, 6), (3, 3): either(.block, .protocolError)
        case (4, 7): either(.transient, .expired)
        case (5, _): either(.block, .protocolError, certain: false)
        case (6, _): either(.block, .contentRejected)
        case (7, 8), (7, 9), (7, 20...24), (7, 26): either(.block, .authenticationRefused)
        case (7, 25): either(.block, .policyRefused)
        case (7, _): either(.block, .policyRefused, certain: false)
        default: nil
        }
    }

    // MARK: - Text

    /// The first of these that a reply says counts, so the more telling stand first.
    private static let signals: [(words: [String], verdict: Verdict)] = [
        (["greylist", "graylist", "grey-list", "gray-list"], Verdict(class: .transient, reason: .greylisted, certain: true)),
        (
            ["mailbox full", "mailbox is full", "over quota", "overquota", "quota exceeded", "exceeded storage", "out of storage"],
            Verdict(class: .soft, reason: .mailboxFull, certain: true)
        ),
        (
            ["message too large", "message too big", "size limit", "maximum message size", "message size exceeds"],
            Verdict(class: .soft, reason: .messageTooLarge, certain: true)
        ),
        (
            ["relay access denied", "relaying denied", "unable to relay", "not permitted to relay", "relay not permitted"],
            Verdict(class: .block, reason: .relayingDenied, certain: true)
        ),
        (
            ["dmarc", "spf ", "dkim", "unauthenticated email", "authentication required"],
            Verdict(class: .block, reason: .authenticationRefused, certain: false)
        ),
        (
            ["too many", "rate limit", "ratelimit", "throttl", "too quickly", "too fast", "unusual rate"],
            Verdict(class: .transient, reason: .rateLimited, certain: false)
        ),
        (
            ["blacklist", "blocklist", "block list", "black list", "spamhaus", "barracuda", "dnsbl", "rbl", "reputation"],
            Verdict(class: .block, reason: .policyRefused, certain: true)
        ),
        (
            ["spam", "virus", "malware", "phishing", "content rejected", "message content"],
            Verdict(class: .block, reason: .contentRejected, certain: false)
        ),
        (
            ["mailbox disabled", "account disabled", "account is disabled", "account has been disabled", "suspended", "inactive"],
            Verdict(class: .hard, reason: .movedOrDisabled, certain: true)
        ),
        (
            [
                "user unknown", "unknown user", "no such user", "no such recipient", "does not exist", "doesn't exist",
                "user not found", "recipient not found", "unknown recipient", "invalid recipient", "no mailbox here",
                "unknown local part", "no such mailbox", "not a valid mailbox",
            ], Verdict(class: .hard, reason: .addressUnknown, certain: true)
        ),
        (
            ["domain not found", "unrouteable", "host unknown", "no such domain"],
            Verdict(class: .hard, reason: .domainUnknown, certain: false)
        ),
    ]

    private static func signal(in text: String) -> Verdict? {
        let lowered = text.prefix(4096).lowercased()
        return signals.first { $0.words.contains { lowered.contains($0) } }?.verdict
    }

    // MARK: - Code and stage

    private static func byCode(_ reply: SMTPReply, at stage: SMTPStage) -> Verdict {
        func guess(_ bounceClass: BounceClass, _ reason: BounceReason) -> Verdict {
            Verdict(class: bounceClass, reason: reason, certain: false)
        }
        return switch (reply.code, stage) {
        case (452, .recipient): guess(.soft, .mailboxFull)
        case (400..<500, _): guess(.transient, .serverUnavailable)
        case (530, _), (534, _), (535, _), (538, _): guess(.block, .authenticationRefused)
        case (521, _), (556, _): guess(.hard, .domainUnknown)
        case (552, .recipient): guess(.soft, .mailboxFull)
        case (552, _): guess(.soft, .messageTooLarge)
        case (551, _): guess(.hard, .movedOrDisabled)
        case (500...504, _): guess(.block, .protocolError)
        case (_, .mail): guess(.block, .senderRefused)
        case (550, .recipient), (553, .recipient): guess(.hard, .addressUnknown)
        case (_, .message), (_, .dot), (_, .data): guess(.block, .contentRejected)
        case (_, .recipient): guess(.block, .policyRefused)
        default: guess(.block, .other)
        }
    }
}
