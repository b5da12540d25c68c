/// One line that we send. Whatever it is made of, it stays one line.
struct SMTPCommand: Hashable, Sendable, CustomStringConvertible {
    /// Without its CRLF.
    let line: String
    /// What the transcript shows: the line, or a mask where it holds a secret.
    let description: String

    init(_ line: String) {
        self.line = line
        description = line
    }

    init(secret line: String, shownAs description: String) {
        self.line = line
        self.description = description
    }

    static let startTLS = SMTPCommand("STARTTLS")
    static let data = SMTPCommand("DATA")
    static let reset = SMTPCommand("RSET")
    static let quit = SMTPCommand("QUIT")

    static func hello(_ name: String, extended: Bool) -> SMTPCommand {
        SMTPCommand("\(extended ? "EHLO" : "HELO") \(name)")
    }

    static func mail(_ transaction: SMTPTransaction, to capabilities: SMTPCapabilities) -> SMTPCommand {
        var line = "MAIL FROM:<\(transaction.from)>"
        if capabilities.size != .unannounced { line += " SIZE=\(transaction.size)" }
        if transaction.isEightBit, capabilities.eightBitMIME { line += " BODY=8BITMIME" }
        if transaction.isInternational { line += " SMTPUTF8" }
        if let id = transaction.notices(of: capabilities) { line += " RET=HDRS ENVID=\(id)" }
        return SMTPCommand(line)
    }

    static func recipient(_ transaction: SMTPTransaction, to capabilities: SMTPCapabilities) -> SMTPCommand {
        var line = "RCPT TO:<\(transaction.to)>"
        if transaction.notices(of: capabilities) != nil {
            line += " NOTIFY=FAILURE,DELAY"
            if let original = SMTPXText.originalRecipient(transaction.to) { line += " ORCPT=\(original)" }
        }
        return SMTPCommand(line)
    }
}

/// What the conversation must know of one message.
struct SMTPTransaction: Hashable, Sendable {
    /// Empty for the null return path.
    let from: String
    let to: String
    /// In bytes.
    let size: Int
    let isEightBit: Bool
    /// Whether it needs SMTPUTF8 (RFC 6531): for an address or a header.
    let isInternational: Bool
    /// What a notice about the message shall call it (RFC 3461 section 4.4), as it goes into the command; `nil` where none is asked for.
    private let envelopeID: String?

    /// - Throws: ``SMTPObstacle/unfitAddress(_:)``.
    init(
        from: String, to: String, size: Int, isEightBit: Bool = false, hasInternationalHeaders: Bool = false,
        envelopeID: String? = nil
    ) throws(SMTPObstacle) {
        if !from.isEmpty { try SMTPPath.check(from) }
        try SMTPPath.check(to)
        self.from = from
        self.to = to
        self.size = size
        self.isEightBit = isEightBit
        isInternational = hasInternationalHeaders || !(from + to).utf8.allSatisfy { $0 < 0x80 }
        // Nobody can be told about a message without a return path.
        self.envelopeID = from.isEmpty ? nil : envelopeID.flatMap { SMTPXText.envelopeID($0) }
    }

    /// The message's name where notices are asked for and the server sends them (RFC 3461).
    func notices(of capabilities: SMTPCapabilities) -> String? {
        capabilities.deliveryStatusNotifications ? envelopeID : nil
    }
}
