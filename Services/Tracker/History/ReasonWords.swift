import Mail

extension DeliveryReason {
    /// What happened, as a colleague would say it. Our own words only, but for `detail` where nothing else is known.
    var sentence: String {
        if let code, let known = DropReason(rawValue: code) { return Self.sentence(for: known) }
        if let code, let known = FailReason(rawValue: code) { return Self.sentence(for: known) }
        if let code, let known = BounceReason(rawValue: code) { return Self.sentence(for: known) }
        return detail ?? "No reason was given."
    }

    /// What the person who sent it can do, where a server refused.
    var advice: String? {
        guard let code, let bounceClass else { return nil }
        return BounceReason(rawValue: code)?.advice(for: bounceClass)
    }

    private static func sentence(for reason: DropReason) -> String {
        switch reason {
        case .suppressed: "Not sent: the address is on the suppression list."
        case .spamLike: "Not sent: the message looks like spam."
        case .unsubscribed: "Not sent: the recipient has unsubscribed."
        case .inactive: "Not sent: the recipient has shown no interest for a long time."
        }
    }

    private static func sentence(for reason: FailReason) -> String {
        switch reason {
        case .noRecipient: "Could not be sent: there is no recipient."
        case .invalidAddress: "Could not be sent: this is not a valid address. Check its spelling."
        case .missingAttachment: "Could not be sent: a required attachment is missing."
        case .unreadableContent: "Could not be sent: the message could not be composed from its parts."
        case .abandoned: "Could not be sent: again and again the sender broke off before the message could leave."
        }
    }

    private static func sentence(for reason: BounceReason) -> String {
        switch reason {
        case .addressUnknown: "The recipient's server does not know this address."
        case .domainUnknown: "The part after the @ does not exist or takes no mail."
        case .movedOrDisabled: "The mailbox has moved or is switched off."
        case .mailboxFull: "The recipient's mailbox is full."
        case .messageTooLarge: "The message is too large for the recipient's server."
        case .serverUnavailable: "The recipient's server is not available just now."
        case .rateLimited: "The recipient's server takes no more mail from us for the moment."
        case .greylisted: "The recipient's server asks every new sender to come back later."
        case .contentRejected: "The recipient's server refused the message for its content."
        case .policyRefused: "The recipient's server refused the message by its policy."
        case .senderRefused: "The recipient's server refused the sender's address."
        case .authenticationRefused: "The mail server refused our sign-in."
        case .relayingDenied: "The mail server does not pass on mail for this address."
        case .network: "The recipient's server could not be reached."
        case .protocolError: "The recipient's server answered in a way that makes no sense."
        case .expired: "The recipient's server could not take the message for 72 hours; we have given up."
        case .other: "The recipient's server refused the message."
        }
    }
}
