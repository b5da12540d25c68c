/// Whether a mailing goes to many as one of a crowd, or to people who are waiting for it.
/// Unsubscribes and the inactivity rule apply to `mass` only.
package enum Audience: String, Sendable, JSONWord {
    case mass
    case direct
}

/// In which line of the message a recipient stands.
package enum RecipientRole: String, Sendable, JSONWord {
    case to
    case cc
    case bcc
}

/// What to do about an attempt whose outcome nobody knows.
package enum UncertaintyPolicy: String, Sendable, JSONWord {
    /// Send again with the same Message-ID, as mail servers do: the recipient may get it twice.
    case resend
    /// Wait for a person to decide: the recipient may not get it.
    case hold
}

/// Why a delivery was dropped by policy.
package enum DropReason: String, Sendable, JSONWord {
    case suppressed
    case spamLike = "spam-like"
    case unsubscribed
    case inactive
}

/// Why a delivery could not be sent at all.
package enum FailReason: String, Sendable, JSONWord {
    case noRecipient = "no-recipient"
    case invalidAddress = "invalid-address"
    case missingAttachment = "missing-attachment"
    /// The message could not be composed from its parts.
    case unreadableContent = "unreadable-content"
    /// Again and again the sender that tried it ended before the message could have left.
    case abandoned

    /// Whether admission finds it, and not a sender.
    package var isKnownAtOnce: Bool {
        switch self {
        case .noRecipient, .invalidAddress, .missingAttachment: true
        case .unreadableContent, .abandoned: false
        }
    }
}

/// A server's answer, as it came: hostile text, never to be shown unescaped.
package struct ServerReply: Hashable, Sendable, CustomStringConvertible {
    /// 200 to 599 (RFC 5321 section 4.2).
    package var code: Int
    /// Such as `5.1.1` (RFC 3463), where the server gave one.
    package var enhanced: String?
    /// The lines of the reply without their codes, joined by line feeds.
    package var text: String

    package init(code: Int, enhanced: String? = nil, text: String) {
        self.code = code
        self.enhanced = enhanced
        self.text = text
    }

    /// `550 5.1.1 No such user`: hostile text.
    package var description: String { ([String(code), enhanced, text] as [String?]).compactMap { $0 }.joined(separator: " ") }
}

/// An address with the name that people see.
package struct Mailbox: Hashable, Sendable {
    package var address: EmailAddress
    package var name: String?

    package init(address: EmailAddress, name: String? = nil) {
        self.address = address
        self.name = name
    }
}

extension ServerReply: JSONRecord {
    package init(members: inout JSONMembers) throws {
        code = try members.read("code")
        enhanced = try members.readIfAny("enhanced")
        text = try members.read("text")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("code", code)
        try output.member("enhanced", enhanced)
        try output.member("text", text)
    }
}

extension Mailbox: JSONRecord {
    package init(members: inout JSONMembers) throws {
        address = try members.read("address")
        name = try members.readIfAny("name")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("address", address)
        try output.member("name", name)
    }
}
