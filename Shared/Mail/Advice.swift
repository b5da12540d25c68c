extension BounceReason {
    /// What the person who sent the mail can do about it, in plain words.
    /// - Parameter class: The same reason asks for something else where it may pass.
    package func advice(for class: BounceClass) -> String {
        let isPassing = `class` == .soft || `class` == .transient
        return switch self {
        case .addressUnknown:
            isPassing
                ? "Check the spelling of the address. If it is right, try again later."
                : "Check the spelling of the address. If it is right, the mailbox is gone: ask the recipient for another address."
        case .domainUnknown:
            isPassing
                ? "Check the spelling after the @. If it is right, try again later."
                : "Check the spelling after the @. If it is right, the domain takes no mail: ask the recipient for another address."
        case .movedOrDisabled:
            isPassing
                ? "The mailbox is switched off for the moment: try again later, or reach the recipient in another way."
                : "The mailbox is no longer used: ask the recipient for another address."
        case .mailboxFull:
            "Tell the recipient in another way that the mailbox is full, or share a direct link, and try again later."
        case .messageTooLarge: "Send it without the attachments, or make them smaller: share a direct link instead."
        case .serverUnavailable: "The trouble is on the recipient's side: try again later."
        case .rateLimited: "Too much mail at once for the recipient's server: wait a few hours, then send to fewer at a time."
        case .greylisted: "Nothing to do: the server makes every new sender wait, and takes the mail on a later try."
        case .contentRejected: "Change the wording, the links or the attachments, or share a direct link in another way."
        case .policyRefused:
            "The address may be fine. Ask the recipient to let your mail through, and your mail provider to look into the refusal."
        case .senderRefused: "Check the sender's address and its domain: the recipient's server does not accept mail from it."
        case .authenticationRefused:
            "Ask your mail provider: the sign-in, or the proof that the mail is from your domain (SPF, DKIM, DMARC), failed."
        case .relayingDenied:
            "Check the spelling after the @. If it is right, tell the recipient that this server takes no mail for their domain."
        case .network: "The recipient's server cannot be reached. Check the spelling after the @; if it is right, try again later."
        case .protocolError: "The two mail servers did not understand each other: show the log to your mail provider."
        case .expired: "The server could not take the mail in time: reach the recipient in another way, then send again."
        case .other:
            isPassing
                ? "Try again later. If it goes on, show the log to your mail provider."
                : "Read what the server said and reach the recipient in another way, or show the log to your mail provider."
        }
    }
}

extension Verdict {
    /// What the person who sent the mail can do about it, in plain words.
    package var advice: String { reason.advice(for: `class`) }
}
