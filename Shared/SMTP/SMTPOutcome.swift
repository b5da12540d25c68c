/// What became of one message that was handed to a session.
package enum SMTPOutcome: Hashable, Sendable {
    /// The server took responsibility: 2xx to the final dot.
    case accepted(SMTPReply)
    /// The server said no, and this is what it said; nothing was delivered.
    case refused(SMTPReply, stage: SMTPStage)
    /// It ended without an answer that settles it.
    ///
    /// `mayHaveLeft` is true only if the final dot was, or may have been, put on the wire and no complete reply to it was read:
    /// then nobody knows whether the server has the message. If it is false, sending again is safe.
    case failed(SMTPFault, stage: SMTPStage, mayHaveLeft: Bool)
    /// This server cannot be given this message; nothing about it was sent. Trying again there changes nothing.
    case unsendable(SMTPObstacle)
}

/// The step of the conversation at which something happened.
package enum SMTPStage: String, Hashable, Sendable, CaseIterable {
    case connect, greeting, hello, startTLS, tls, auth, mail, recipient, data
    /// After 354 and before the final dot.
    case message
    /// After the final dot.
    case dot
    case reset
    /// Between two messages.
    case idle
    case quit
}

/// Why a conversation broke.
package enum SMTPFault: Error, Hashable, Sendable, CustomStringConvertible {
    case unreachable(String)
    /// Nobody knows just now where the server is: DNS does not answer.
    case unresolved(String)
    /// No complete answer within the stage's timeout.
    case timedOut(after: Duration)
    /// The other side closed or reset the connection.
    case disconnected(String)
    /// The server said something that is not SMTP, or not at this point.
    case protocolViolation(String)
    /// No TLS, or none that can be trusted, where it is required.
    case insecure(String)
    /// Credentials are set and the server offers no way to use them.
    case cannotAuthenticate(String)
    /// What had to be done before the final dot failed, so the dot was not sent.
    case withheld(String)
    /// Our side gave up.
    case cancelled
    /// The session is in use, or can no longer be used.
    case unusable

    package var description: String {
        switch self {
        case .unreachable(let why): "The server cannot be reached: \(why)."
        case .unresolved(let why): "The server cannot be found: \(why)."
        case .timedOut(let wait): "The server did not answer within \(wait)."
        case .disconnected(let how): "The server \(how)."
        case .protocolViolation(let what): "The server does not speak SMTP as it should: \(what)."
        case .insecure(let why): "There is no secure connection: \(why)."
        case .cannotAuthenticate(let why): "Cannot log in to the server: \(why)."
        case .withheld(let why): "The message was held back before it was complete: \(why)."
        case .cancelled: "The attempt was cancelled."
        case .unusable: "The connection is in use or has ended."
        }
    }
}

/// What keeps a message from being given to a server.
package enum SMTPObstacle: Error, Hashable, Sendable, CustomStringConvertible {
    /// Larger than the server's SIZE (RFC 1870), in bytes.
    case tooLarge(size: Int, limit: Int)
    /// The addresses or headers need SMTPUTF8 (RFC 6531), which the server does not offer.
    case needsInternationalMail
    /// The body has 8-bit bytes and the server does not offer 8BITMIME (RFC 6152).
    case needsEightBit
    /// An address that cannot stand in a command.
    case unfitAddress(String)
    /// Bytes that must not go on the wire: a CR or LF that stands alone, a NUL, a line longer than 998 bytes.
    case unfitMessage(String)
    /// The recipient's domain does not exist.
    case noSuchDomain(String)
    /// The recipient's domain says that it takes no mail (RFC 7505).
    case takesNoMail(String)
    /// The recipient's domain exists, and names no server that could take its mail.
    case unroutable(String)

    package var description: String {
        switch self {
        case .tooLarge(let size, let limit): "The message has \(size) bytes; the server takes at most \(limit)."
        case .needsInternationalMail: "The server does not take internationalized addresses (SMTPUTF8)."
        case .needsEightBit: "The server does not take 8-bit messages (8BITMIME)."
        case .unfitAddress(let why): "The address cannot be used: \(why)."
        case .unfitMessage(let why): "The message cannot be sent: \(why)."
        case .noSuchDomain(let domain): "There is no domain \(domain)."
        case .takesNoMail(let domain): "The domain \(domain) takes no mail, and says so (null MX)."
        case .unroutable(let why): "The domain has no server that takes mail: \(why)."
        }
    }
}

/// One message's outcome with the conversation that led to it.
package struct SMTPAttempt: Sendable {
    package var outcome: SMTPOutcome
    package var transcript: SMTPTranscript

    package init(outcome: SMTPOutcome, transcript: SMTPTranscript) {
        self.outcome = outcome
        self.transcript = transcript
    }
}

/// No session came to be; nothing was sent.
package struct SMTPConnectFailure: Error, Sendable, CustomStringConvertible {
    /// `refused` or `failed`, the latter never with `mayHaveLeft`.
    package var outcome: SMTPOutcome
    package var transcript: SMTPTranscript

    package init(outcome: SMTPOutcome, transcript: SMTPTranscript) {
        self.outcome = outcome
        self.transcript = transcript
    }

    package var description: String {
        switch outcome {
        case .refused(let reply, let stage): "The server refused at \(stage.rawValue): \(reply)."
        case .failed(let fault, _, _): fault.description
        case .unsendable(let obstacle): obstacle.description
        case .accepted: "The server accepted."
        }
    }
}
