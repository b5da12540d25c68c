import Mail
import SMTP

/// Understands a server's refusal from what it says, its enhanced code, its code and the stage, weighed against one another.
///
/// Text that is clear beats a code that servers use for anything (5.7.1, 5.0.0, 5.5.0); a code with one meaning (5.1.1) beats a
/// vague text. Sure of itself only where the evidence is specific and nothing speaks against it.
///
/// The phrases of the table are our own, made from what the servers of these say and document: the IANA registry of enhanced status
/// codes; the manuals of Postfix, Exim, Sendmail, qmail and Exchange; the error pages of Gmail, Outlook.com and Exchange Online, Yahoo
/// and AOL, iCloud, GMX, Orange, La Poste, Cox, Comcast, AT&T, QQ, NetEase, Mail.ru, Mimecast and Proofpoint; and the replies that
/// the Sisimai, ZoneMTA and KumoMTA projects have collected. `Tests/SenderTests/Replies` holds those it is measured on.
struct ReplyClassifier {
    /// One reading of a reply. Everything that speaks for a reason, added up.
    private struct Claim {
        let reason: BounceReason
        /// The heaviest phrase.
        let said: Int
        /// The heaviest enhanced code.
        let coded: Int
        /// What the reply code and the stage make likely.
        let likely: Int

        /// A clear text counts double: codes are often chosen by somebody other than the one who wrote the text.
        var total: Int { said * 2 + (coded >= 3 ? coded * 3 : coded) + likely }
    }

    /// - Parameter text: A reply as it stands in a log or a delivery status notification, with its codes in it or without.
    static func verdict(on text: some StringProtocol) -> Verdict {
        let text = ReplyText(text)
        return verdict(code: text.code, enhanced: text.enhanced, words: text.words, at: text.stage)
    }

    static func verdict(on reply: SMTPReply, at stage: SMTPStage) -> Verdict {
        let text = ReplyText(reply.text)
        let enhanced = (reply.enhanced.map { [$0] } ?? []) + text.enhanced
        return verdict(code: reply.code, enhanced: enhanced, words: text.words, at: stage)
    }

    private static let index = SignIndex(SignIndex.recipient + SignIndex.capacity + SignIndex.refusal)

    private static func verdict(code: Int?, enhanced: [EnhancedStatusCode], words: [UInt8], at stage: SMTPStage?) -> Verdict {
        let said = index.weights(in: words)
        let meanings = enhanced.compactMap { EnhancedCodeMeaning($0) }
        let likely = likelihood(code: code, at: stage)
        let claims = BounceReason.allCases.map { reason in
            Claim(
                reason: reason, said: said[.reason(reason)] ?? 0,
                coded: meanings.filter { $0.reason == reason }.map(\.weight).max() ?? 0,
                likely: likely.first { $0.reason == reason }?.weight ?? 0)
        }.filter { $0.total > 0 }.sorted { $0.total > $1.total }
        let passing = isPassing(code: code, enhanced: enhanced, said: said)
        guard let best = claims.first else {
            return Verdict(class: passing == true ? .transient : .hard, reason: .other, certain: false)
        }
        let kind = bounceClass(of: best.reason, isPassing: passing ?? false)
        let sure = isSure(of: best, against: Array(claims.dropFirst())) && isFitting(best, isPassing: passing, said: said)
        return Verdict(class: kind, reason: best.reason, certain: sure)
    }

    // MARK: - Weighing

    private static func isSure(of best: Claim, against others: [Claim]) -> Bool {
        let contradiction = others.map { max($0.said, $0.coded >= 3 ? $0.coded + 3 : 0) }.max() ?? 0
        if best.coded >= 3, best.said >= 5 { return contradiction <= best.said + 1 }
        if best.said >= 8 { return contradiction < best.said - 2 }
        return best.coded >= 5 && contradiction <= 3
    }

    /// Whether the reply means "later" or "never" as its reason lets one expect.
    private static func isFitting(_ claim: Claim, isPassing: Bool?, said: SignIndex.Weights) -> Bool {
        switch claim.reason {
        case .mailboxFull, .messageTooLarge, .rateLimited, .greylisted, .expired: true
        case .serverUnavailable, .network: isPassing != false
        case .addressUnknown, .domainUnknown: isPassing != true
        case .movedOrDisabled: isPassing != true && said[.passing] == nil
        case .contentRejected, .policyRefused, .senderRefused, .authenticationRefused, .relayingDenied: isPassing != true
        case .protocolError, .other: false
        }
    }

    /// `nil` where neither code nor text tells.
    private static func isPassing(code: Int?, enhanced: [EnhancedStatusCode], said: SignIndex.Weights) -> Bool? {
        if let code { return (400..<500).contains(code) }
        if let status = enhanced.first { return status.class == 4 }
        return said[.lasting] != nil ? false : said[.passing].map { _ in true }
    }

    private static func bounceClass(of reason: BounceReason, isPassing: Bool) -> BounceClass {
        switch reason {
        case .addressUnknown, .movedOrDisabled: isPassing ? .soft : .hard
        case .domainUnknown: isPassing ? .transient : .hard
        case .mailboxFull, .messageTooLarge: .soft
        case .serverUnavailable, .rateLimited, .greylisted, .network, .expired: .transient
        case .contentRejected, .policyRefused, .senderRefused, .authenticationRefused, .relayingDenied: .block
        case .protocolError: isPassing ? .transient : .block
        case .other: isPassing ? .transient : .hard
        }
    }

    // MARK: - Code and stage

    /// What RFC 5321 section 4.2.3 and the place in the conversation make likely where nothing else is said.
    private static func likelihood(code: Int?, at stage: SMTPStage?) -> [(reason: BounceReason, weight: Int)] {
        var likely: [(BounceReason, Int)] = []
        switch code ?? 0 {
        case 421, 450, 451: likely.append((.serverUnavailable, 2))
        case 452: likely.append((stage == .recipient ? .mailboxFull : .serverUnavailable, 2))
        case 422: likely.append((.mailboxFull, 2))
        case 454, 530, 534, 535, 538: likely.append((.authenticationRefused, 4))
        case 500...504, 555: likely.append((.protocolError, 3))
        case 521, 556: likely.append((.domainUnknown, 3))
        case 551: likely.append((.movedOrDisabled, 1))
        case 552: likely.append((stage == .data || stage == .dot || stage == .mail ? .messageTooLarge : .mailboxFull, 3))
        case 541, 542: likely.append((.policyRefused, 2))
        case 553: likely.append((stage == .mail ? .senderRefused : .addressUnknown, 1))
        default: break
        }
        let isPermanent = code.map { (500..<600).contains($0) } ?? false
        switch stage {
        case .connect, .greeting, .hello: likely.append((isPermanent ? .policyRefused : .serverUnavailable, 3))
        case .auth: likely.append((.authenticationRefused, 30))
        case .mail where isPermanent: likely.append((.senderRefused, 3))
        case .recipient where code == 550 || code == 553: likely.append((.addressUnknown, 3))
        case .recipient where isPermanent: likely.append((.policyRefused, 1))
        case .data where isPermanent, .message where isPermanent, .dot where isPermanent: likely.append((.contentRejected, 3))
        default: break
        }
        return likely
    }
}
