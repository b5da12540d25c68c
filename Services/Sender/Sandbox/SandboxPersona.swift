import Mail
import SMTP

/// A recipient that the sandbox plays, by the name before the `@` (a `+tag` may follow), in any domain.
enum SandboxPersona: String, CaseIterable, Sendable {
    case permanentFailure = "permfail"
    case temporaryFailure = "tempfail"
    case mailboxFull = "mailboxfull"
    case slow
    case dropAfterDot = "dropafterdot"
    case bounceLater = "bounce-later"
    case complain
    case autoReply = "auto-reply"
    case opens
    case clicks
    case scanner
    case apple
    case gmail

    /// `nil` for everyone else, who just take their mail.
    init?(_ address: EmailAddress) {
        let name = address.local.prefix { $0 != "+" }.lowercased()
        self.init(rawValue: name)
    }

    /// What becomes of mail to it, for people.
    var conduct: String {
        switch self {
        case .permanentFailure: "The server says that nobody has this address (550 5.1.1)."
        case .temporaryFailure: "The server is busy twice (451 4.3.2) and takes the message at the third attempt."
        case .mailboxFull: "The mailbox is full (452 4.2.2), at every attempt."
        case .slow: "The server takes its time: five seconds."
        case .dropAfterDot: "The server keeps the message and hangs up before it says so: uncertain."
        case .bounceLater: "The server takes the message; after half a minute a bounce message comes back."
        case .complain: "Marks the message as spam after a minute; the provider reports it."
        case .autoReply: "Is out of office, and answers so unless the mail says that a machine sent it."
        case .opens: "Opens the message after some seconds, in Thunderbird on Windows."
        case .clicks: "Opens it, then follows its first link in Firefox."
        case .scanner: "A security gateway fetches every link and the image within two seconds."
        case .apple: "Apple's Mail Privacy Protection fetches the image, opened or not."
        case .gmail: "Opens it in Gmail, whose proxy fetches the image."
        }
    }

    /// How the server refuses it at RCPT; `nil` where it does not.
    /// - Parameter attempt: From 1. It alone decides, so it is the same whichever sender asks, before and after a restart.
    func refusal(attempt: Int) -> SMTPReply? {
        switch self {
        case .permanentFailure:
            SMTPReply(code: 550, enhanced: .init(class: 5, subject: 1, detail: 1), lines: ["No such user here"])
        case .temporaryFailure where attempt <= 2:
            SMTPReply(code: 451, enhanced: .init(class: 4, subject: 3, detail: 2), lines: ["Server busy, please try again later"])
        case .mailboxFull:
            SMTPReply(code: 452, enhanced: .init(class: 4, subject: 2, detail: 2), lines: ["The mailbox is full"])
        default: nil
        }
    }

    /// How long the server takes before its greeting, and again before it answers RCPT.
    var hesitation: (greeting: Duration, recipient: Duration) {
        self == .slow ? (.seconds(2), .seconds(3)) : (.zero, .zero)
    }
}
