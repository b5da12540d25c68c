/// The client's side of an SMTP conversation, without any I/O: each thing that happens is a function that says what to do.
///
/// ```
/// greeting → hello ⇄ startTLS → handshake → hello → authentication → ready ⇄ envelope → message → dot → ready
/// ```
/// One message has one recipient. Where the server knows PIPELINING (RFC 2920), MAIL, RCPT and DATA leave together.
struct SMTPClientMachine: Sendable {
    enum Action: Equatable {
        /// Nothing to do until the next thing happens.
        case wait
        /// Write these, in one piece, and await the replies.
        case send([SMTPCommand])
        /// Begin a TLS handshake.
        case secure
        /// The session is open: messages can be sent.
        case open
        /// 354: write the message, but not the dot.
        case takeMessage
        /// Write the dot, after all of the message.
        case completeMessage
        /// What was under way has ended.
        case finish(SMTPOutcome, then: Next)
        /// Nothing was under way; close.
        case close
    }

    /// What becomes of the connection.
    enum Next: Hashable {
        case stay
        /// Say QUIT and close.
        case leave
        /// Close at once: nothing more can be said that would be understood.
        case drop
    }

    private enum State {
        /// Connected; the server speaks first.
        case greeting
        case hello(extended: Bool)
        case startTLS
        case handshake(thenGreeting: Bool)
        case authentication(SMTPAuthentication)
        /// No message under way. `mustReset` if the server still holds parts of one.
        case ready(mustReset: Bool)
        case envelope(Envelope)
        /// The server awaits the message, and has not seen its end.
        case message
        /// The end of the message is on its way: from here on the server may have it.
        case dot
        case quitting
        case ended
    }

    /// A message's commands whose replies are still to come.
    private struct Envelope {
        let transaction: SMTPTransaction
        var awaited: [SMTPStage]
        /// The first refusal. What was pipelined behind it will be refused too.
        var refusal: (reply: SMTPReply, stage: SMTPStage)?
    }

    private(set) var capabilities = SMTPCapabilities()
    private(set) var isSecure = false
    private let heloName: String
    private let security: SMTPSecurity
    private let credentials: SMTPCredentials?
    private var state: State

    /// - Parameter security: With credentials, anything but `implicit` counts as `required`.
    init(heloName: String, security: SMTPSecurity, credentials: SMTPCredentials? = nil) {
        self.heloName = heloName
        self.security = credentials == nil || security == .implicit ? security : .required
        self.credentials = credentials
        state = .greeting
    }

    /// Where the conversation stands: what is being waited for.
    var stage: SMTPStage {
        switch state {
        case .greeting: .greeting
        case .hello: .hello
        case .startTLS: .startTLS
        case .handshake: .tls
        case .authentication: .auth
        case .ready: .idle
        case .envelope(let envelope): envelope.awaited.first ?? .data
        case .message: .message
        case .dot: .dot
        case .quitting: .quit
        case .ended: .idle
        }
    }

    /// Whether a message can be begun.
    var isReady: Bool { if case .ready = state { true } else { false } }

    // MARK: - What happens

    mutating func connected() -> Action {
        guard SMTPPath.isDomain(heloName[...]) else {
            return end(.unsendable(.unfitAddress("\(heloName.debugDescription) is not a name for EHLO")), then: .drop)
        }
        guard security == .implicit else { return .wait }
        state = .handshake(thenGreeting: true)
        return .secure
    }

    /// The handshake is done, and the certificate is as required.
    mutating func secured() -> Action {
        guard case .handshake(let thenGreeting) = state else { return fail(.protocolViolation("a handshake at the wrong time")) }
        isSecure = true
        guard !thenGreeting else {
            state = .greeting
            return .wait
        }
        // Whatever was said before could have been said by anybody (RFC 3207 section 4.2).
        capabilities = SMTPCapabilities()
        return sayHello(extended: true)
    }

    /// - Parameter moreFollows: Whether more bytes came with the reply.
    mutating func received(_ reply: SMTPReply, moreFollows: Bool = false) -> Action {
        switch state {
        case .quitting, .ended:
            state = .ended
            return .close
        case .ready:
            // Goodbye, or nonsense: either way the next reply could not be told from this one's.
            state = .ended
            return .close
        case .greeting, .hello, .startTLS, .handshake, .authentication:
            return reply.code == 421 ? end(.refused(reply, stage: stage), then: .drop) : opening(reply, moreFollows: moreFollows)
        case .envelope(let envelope):
            return received(reply, about: envelope)
        case .message:
            guard reply.isTransient || reply.isPermanent else {
                return fail(.protocolViolation("it answered \(reply.code) before the end of the message"))
            }
            return end(.refused(reply, stage: .message), then: .drop)
        case .dot:
            guard reply.isPositive || reply.isTransient || reply.isPermanent else {
                return fail(.protocolViolation("it answered the end of the message with \(reply.code)"))
            }
            guard reply.code != 421 else { return end(.refused(reply, stage: .dot), then: .drop) }
            state = .ready(mustReset: false)
            return .finish(reply.isPositive ? .accepted(reply) : .refused(reply, stage: .dot), then: .stay)
        }
    }

    /// A message is to be sent.
    mutating func begin(_ transaction: SMTPTransaction) -> Action {
        guard case .ready(let mustReset) = state else {
            return .finish(.failed(.unusable, stage: stage, mayHaveLeft: false), then: .stay)
        }
        if let obstacle = obstacle(to: transaction) { return .finish(.unsendable(obstacle), then: .stay) }
        let stages: [SMTPStage] = (mustReset ? [.reset] : []) + [.mail, .recipient, .data]
        if capabilities.pipelining {
            state = .envelope(Envelope(transaction: transaction, awaited: stages))
            return .send(stages.map { command($0, for: transaction) })
        }
        state = .envelope(Envelope(transaction: transaction, awaited: [stages[0]]))
        return .send([command(stages[0], for: transaction)])
    }

    /// All of the message is written and may be completed.
    mutating func complete() -> Action {
        guard case .message = state else { return .wait }
        state = .dot
        return .completeMessage
    }

    /// We are done with this server.
    mutating func quit() -> Action {
        guard case .ready = state else { return fail(.cancelled) }
        state = .quitting
        return .send([.quit])
    }

    /// It cannot go on: a timeout, a lost connection, nonsense, or our own wish.
    mutating func fail(_ fault: SMTPFault) -> Action {
        switch state {
        case .ended: return .wait
        case .ready, .quitting:
            state = .ended
            return .close
        case .envelope(let envelope):
            // Once the server said no, what happens afterwards does not change that.
            guard let refusal = envelope.refusal else { return end(.failed(fault, stage: stage, mayHaveLeft: false), then: .drop) }
            return end(.refused(refusal.reply, stage: refusal.stage), then: .drop)
        case .dot: return end(.failed(fault, stage: .dot, mayHaveLeft: true), then: .drop)
        case .greeting, .hello, .startTLS, .handshake, .authentication, .message:
            return end(.failed(fault, stage: stage, mayHaveLeft: false), then: .drop)
        }
    }

    // MARK: - Opening

    private mutating func opening(_ reply: SMTPReply, moreFollows: Bool) -> Action {
        switch state {
        case .greeting where reply.isPositive:
            return sayHello(extended: true)
        case .hello(let extended) where reply.isPositive:
            capabilities = extended ? SMTPCapabilities(ehlo: reply) : SMTPCapabilities()
            return greeted()
        case .hello(extended: true) where reply.isPermanent && security != .required && credentials == nil:
            return sayHello(extended: false)
        case .startTLS where reply.isPositive:
            // What came in plain text behind the 220 was not said by the server we are about to trust.
            guard !moreFollows else { return fail(.protocolViolation("more than the answer came after STARTTLS in plain text")) }
            state = .handshake(thenGreeting: false)
            return .secure
        case .startTLS where security == .opportunistic && (reply.isTransient || reply.isPermanent):
            return authenticate()
        case .authentication(var authentication) where reply.code == 334:
            guard let answer = authentication.answer() else {
                return fail(.protocolViolation("it asks for more than the login has"))
            }
            state = .authentication(authentication)
            return .send([answer])
        case .authentication where reply.isPositive:
            return open()
        case .handshake:
            return fail(.protocolViolation("it answered in the middle of a handshake"))
        default:
            guard reply.isTransient || reply.isPermanent else {
                return fail(.protocolViolation("\(reply.code) at \(stage.rawValue)"))
            }
            return end(.refused(reply, stage: stage), then: .leave)
        }
    }

    private mutating func sayHello(extended: Bool) -> Action {
        state = .hello(extended: extended)
        return .send([.hello(heloName, extended: extended)])
    }

    private mutating func greeted() -> Action {
        guard !isSecure, security == .required || security == .opportunistic else { return authenticate() }
        if capabilities.startTLS {
            state = .startTLS
            return .send([.startTLS])
        }
        guard security == .opportunistic else {
            return end(.failed(.insecure("the server does not offer STARTTLS"), stage: .startTLS, mayHaveLeft: false), then: .leave)
        }
        return authenticate()
    }

    private mutating func authenticate() -> Action {
        guard let credentials else { return open() }
        guard isSecure else {
            return end(.failed(.insecure("credentials are not sent in plain text"), stage: .auth, mayHaveLeft: false), then: .leave)
        }
        do {
            let authentication = try SMTPAuthentication(credentials, offered: capabilities.mechanisms)
            state = .authentication(authentication)
            return .send([authentication.command])
        } catch {
            return end(.failed(error, stage: .auth, mayHaveLeft: false), then: .leave)
        }
    }

    private mutating func open() -> Action {
        state = .ready(mustReset: false)
        return .open
    }

    // MARK: - A message

    private func obstacle(to transaction: SMTPTransaction) -> SMTPObstacle? {
        if case .atMost(let limit) = capabilities.size, transaction.size > limit {
            return .tooLarge(size: transaction.size, limit: limit)
        }
        if transaction.isInternational, !capabilities.internationalMail { return .needsInternationalMail }
        if transaction.isEightBit, !capabilities.eightBitMIME { return .needsEightBit }
        return nil
    }

    private func command(_ stage: SMTPStage, for transaction: SMTPTransaction) -> SMTPCommand {
        switch stage {
        case .reset: .reset
        case .mail: .mail(transaction, to: capabilities)
        case .recipient: .recipient(transaction, to: capabilities)
        default: .data
        }
    }

    private mutating func received(_ reply: SMTPReply, about envelope: Envelope) -> Action {
        var envelope = envelope
        let stage = envelope.awaited.removeFirst()
        guard reply.code != 421 else {
            let refusal = envelope.refusal ?? (reply, stage)
            return end(.refused(refusal.reply, stage: refusal.stage), then: .drop)
        }
        let isAgreed = stage == .data ? reply.code == 354 : reply.isPositive
        guard isAgreed || reply.isTransient || reply.isPermanent else {
            return fail(.protocolViolation("it answered \(reply.code) at \(stage.rawValue)"))
        }
        if !isAgreed, envelope.refusal == nil { envelope.refusal = (reply, stage) }
        if stage == .data, isAgreed {
            // It awaits a message that it has refused. To end an empty one might deliver it, so the connection goes.
            if let refusal = envelope.refusal { return end(.refused(refusal.reply, stage: refusal.stage), then: .drop) }
            state = .message
            return .takeMessage
        }
        if !envelope.awaited.isEmpty {
            state = .envelope(envelope)
            return .wait
        }
        if let refusal = envelope.refusal {
            let outcome = SMTPOutcome.refused(refusal.reply, stage: refusal.stage)
            guard refusal.stage != .reset else { return end(outcome, then: .leave) }
            state = .ready(mustReset: true)
            return .finish(outcome, then: .stay)
        }
        let next: SMTPStage = stage == .reset ? .mail : stage == .mail ? .recipient : .data
        envelope.awaited = [next]
        state = .envelope(envelope)
        return .send([command(next, for: envelope.transaction)])
    }

    private mutating func end(_ outcome: SMTPOutcome, then next: Next) -> Action {
        state = .ended
        return .finish(outcome, then: next)
    }
}
