/// How a refusal was understood, and what that means for the address.
package struct Verdict: Hashable, Sendable {
    package let `class`: BounceClass
    package let reason: BounceReason
    /// Whether the reply leaves no doubt.
    package let certain: Bool
    /// What had better get no more mail. It follows from class and reason, and travels with them for whoever keeps a suppression list.
    package let suppress: Suppression

    package init(class: BounceClass, reason: BounceReason, certain: Bool) {
        self.class = `class`
        self.reason = reason
        self.certain = certain
        suppress = Suppression(after: `class`, reason)
    }
}

extension Verdict: JSONRecord {
    package init(members: inout JSONMembers) throws {
        `class` = try members.read("class")
        reason = try members.read("reason")
        certain = try members.read("certain")
        suppress = try members.read("suppress")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("class", `class`)
        try output.member("reason", reason)
        try output.member("certain", certain)
        try output.member("suppress", suppress)
    }
}

/// What a refusal says about where mail should no longer go.
package enum Suppression: String, Sendable, JSONWord {
    /// This mailbox is not there.
    case address
    /// Nobody at this domain takes mail.
    case domain
    /// The refusal was about us, the message or the moment; the person may well be there.
    case none

    /// Only what is permanent and about the recipient counts: a refusal for reputation or policy never falls back on the person.
    init(after class: BounceClass, _ reason: BounceReason) {
        switch (`class`, reason) {
        case (.hard, .addressUnknown), (.hard, .movedOrDisabled): self = .address
        case (.hard, .domainUnknown): self = .domain
        case (.hard, _), (.soft, _), (.transient, _), (.block, _): self = .none
        }
    }
}

/// How a server's refusal is to be understood.
package enum BounceClass: String, Sendable, JSONWord {
    /// Permanent: this address or domain takes no mail.
    case hard
    /// Temporary, and about the mailbox or the message: full, too large.
    case soft
    /// Temporary, and about the way there: connection, load, greylisting.
    case transient
    /// Refused for reputation, policy or content; says nothing about the address.
    case block
}

/// Why a server refused, in the words of the history.
package enum BounceReason: String, Sendable, JSONWord {
    case addressUnknown = "address-unknown"
    case domainUnknown = "domain-unknown"
    case movedOrDisabled = "moved-or-disabled"
    case mailboxFull = "mailbox-full"
    case messageTooLarge = "message-too-large"
    case serverUnavailable = "server-unavailable"
    case rateLimited = "rate-limited"
    case greylisted
    case contentRejected = "content-rejected"
    case policyRefused = "policy-refused"
    case senderRefused = "sender-refused"
    case authenticationRefused = "authentication-refused"
    case relayingDenied = "relaying-denied"
    case network
    case protocolError = "protocol-error"
    case expired
    case other
}
