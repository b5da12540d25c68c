import Mail
import SMTP

/// What an enhanced status code says by itself, by the IANA registry (RFC 3463, with RFC 4954, 5248, 6710, 7293, 7372, 7505, 8461, 8689)
/// and the numbers that Exchange Online and Gmail have added to it.
struct EnhancedCodeMeaning: Equatable {
    let reason: BounceReason
    /// As a ``Sign``'s: 5 where the code means one thing wherever it is used, 1 where servers use it for anything.
    let weight: Int

    init?(_ code: EnhancedStatusCode) {
        guard let (reason, weight) = Self.meaning(code.subject, code.detail, isPermanent: code.class == 5) else { return nil }
        self.reason = reason
        self.weight = weight
    }

    private static func meaning(_ subject: Int, _ detail: Int, isPermanent: Bool) -> (BounceReason, Int)? {
        switch subject {
        case 1: address(detail)
        case 2: mailbox(detail, isPermanent: isPermanent)
        case 3: system(detail, isPermanent: isPermanent)
        case 4: network(detail, isPermanent: isPermanent)
        case 5: protocolError(detail)
        case 6: (.contentRejected, detail == 0 || detail == 11 ? 2 : 3)
        case 7: security(detail, isPermanent: isPermanent)
        default: nil
        }
    }

    private static func address(_ detail: Int) -> (BounceReason, Int)? {
        switch detail {
        case 1: (.addressUnknown, 5)
        case 3: (.addressUnknown, 4)
        case 0, 4, 5, 351: (.addressUnknown, 2)
        case 2: (.domainUnknown, 5)
        case 10: (.domainUnknown, 2)
        case 6: (.movedOrDisabled, 4)
        case 7, 8: (.senderRefused, 5)
        case 90: (.rateLimited, 4)
        default: nil
        }
    }

    private static func mailbox(_ detail: Int, isPermanent: Bool) -> (BounceReason, Int)? {
        switch detail {
        case 1: isPermanent ? (.movedOrDisabled, 4) : (.movedOrDisabled, 1)
        case 2: (.mailboxFull, 5)
        case 3: (.messageTooLarge, 5)
        case 121, 122: (.rateLimited, 4)
        default: nil
        }
    }

    private static func system(_ detail: Int, isPermanent: Bool) -> (BounceReason, Int)? {
        switch detail {
        case 4: (.messageTooLarge, 5)
        case 1, 2: (.serverUnavailable, 3)
        case 0, 5: isPermanent ? nil : (.serverUnavailable, 2)
        default: nil
        }
    }

    private static func network(_ detail: Int, isPermanent: Bool) -> (BounceReason, Int)? {
        switch detail {
        case 1: isPermanent ? (.addressUnknown, 1) : (.network, 4)
        case 2: (.network, 4)
        case 0, 3: (.network, 2)
        case 4: isPermanent ? (.domainUnknown, 4) : (.network, 2)
        case 5: isPermanent ? (.rateLimited, 3) : (.serverUnavailable, 2)
        case 6, 14: (.network, 4)
        case 7: (.expired, 5)
        case 300: (.expired, 4)
        case 310: (.domainUnknown, 4)
        case 312...319: isPermanent ? (.expired, 2) : (.network, 4)
        default: nil
        }
    }

    private static func protocolError(_ detail: Int) -> (BounceReason, Int)? {
        switch detail {
        case 1, 2, 4, 5, 6: (.protocolError, 3)
        case 3: (.rateLimited, 3)
        default: nil
        }
    }

    private static func security(_ detail: Int, isPermanent: Bool) -> (BounceReason, Int)? {
        switch detail {
        case 0, 1, 2: (.policyRefused, 1)
        case 4, 8, 9: (.authenticationRefused, 2)
        case 12, 14, 57: (.authenticationRefused, 3)
        case 20...23: (.authenticationRefused, 5)
        case 24, 26, 30, 32, 40, 509, 515: (.authenticationRefused, 4)
        case 27: (.authenticationRefused, 2)
        case 3, 10, 11, 29: (.policyRefused, 2)
        case 6, 7: (.contentRejected, 1)
        case 13, 17: (.movedOrDisabled, 2)
        case 18: (.domainUnknown, 2)
        case 25: (.policyRefused, 4)
        case 28, 508: (.rateLimited, 3)
        case 54, 64: (.relayingDenied, 4)
        case 504, 505: (.addressUnknown, 2)
        case 501...503, 506, 507, 510, 511, 513, 606...649, 700...749: isPermanent ? (.policyRefused, 4) : (.rateLimited, 2)
        case 512: (.contentRejected, 2)
        case 500, 514, 516...605, 650...699, 800...899: isPermanent ? (.policyRefused, 2) : (.rateLimited, 2)
        case 750: (.senderRefused, 3)
        case 100...499, 900...999: (.policyRefused, 2)
        default: nil
        }
    }
}
