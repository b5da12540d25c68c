import Foundation

/// How one login goes (RFC 4954): the first line, then an answer to each challenge.
struct SMTPAuthentication: Hashable, Sendable {
    /// RFC 4954 section 4 allows an initial response only if the command stays within the usual length.
    private static let longestCommand = 500

    let command: SMTPCommand
    private var answers: [String]

    /// The best that both sides know: XOAUTH2 for a token, PLAIN and then LOGIN for a password.
    /// - Throws: ``SMTPFault/cannotAuthenticate(_:)``.
    init(_ credentials: SMTPCredentials, offered: Set<String>) throws(SMTPFault) {
        let wanted: [String] =
            switch credentials.secret {
            case .token: ["XOAUTH2"]
            case .password: ["PLAIN", "LOGIN"]
            }
        guard let mechanism = wanted.first(where: offered.contains) else {
            let list = offered.isEmpty ? "nothing" : offered.sorted().joined(separator: ", ")
            throw .cannotAuthenticate("it would take \(wanted.joined(separator: " or ")), the server offers \(list)")
        }
        let secret =
            switch credentials.secret {
            case .token(let token): token
            case .password(let password): password
            }
        // NUL and SOH part the fields of PLAIN and XOAUTH2.
        guard !(credentials.user + secret).utf8.contains(where: { $0 < 2 }) else {
            throw .cannotAuthenticate("the user or the secret has control characters")
        }
        switch mechanism {
        case "LOGIN":
            command = SMTPCommand("AUTH LOGIN")
            answers = [Self.encoded(credentials.user), Self.encoded(secret)]
        case "XOAUTH2":
            // A refusal comes as a challenge, to be answered with an empty line before the server says its 535.
            let response = Self.encoded("user=\(credentials.user)\u{1}auth=Bearer \(secret)\u{1}\u{1}")
            (command, answers) = Self.begin(mechanism, response, then: [""])
        default:
            let response = Self.encoded("\u{0}\(credentials.user)\u{0}\(secret)")
            (command, answers) = Self.begin(mechanism, response, then: [])
        }
    }

    /// What to say to the next challenge; `nil` if there should be none.
    mutating func answer() -> SMTPCommand? {
        guard !answers.isEmpty else { return nil }
        return SMTPCommand(secret: answers.removeFirst(), shownAs: "****")
    }

    private static func begin(_ mechanism: String, _ response: String, then more: [String]) -> (SMTPCommand, [String]) {
        let line = "AUTH \(mechanism) \(response)"
        guard line.utf8.count > longestCommand else {
            return (SMTPCommand(secret: line, shownAs: "AUTH \(mechanism) ****"), more)
        }
        return (SMTPCommand("AUTH \(mechanism)"), [response] + more)
    }

    private static func encoded(_ text: String) -> String {
        Data(text.utf8).base64EncodedString()
    }
}
