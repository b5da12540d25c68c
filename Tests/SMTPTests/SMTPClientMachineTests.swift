import Testing

@testable import SMTP

/// Each test reads as a conversation: what the server said, and what the client did about it.
struct SMTPClientMachineTests {
    typealias Machine = SMTPClientMachine

    let message: SMTPTransaction
    let everything =
        "250-mx.test\n250-PIPELINING\n250-SIZE 1000\n250-8BITMIME\n250-SMTPUTF8\n250-STARTTLS\n250 AUTH PLAIN LOGIN XOAUTH2"
    let secret = SMTPCredentials(user: "ann", secret: .password("s3cret"))

    init() throws {
        message = try SMTPTransaction(from: "a@x.test", to: "b@y.test", size: 100)
    }

    private func opened(_ ehlo: String = "250 mx.test") -> Machine {
        var machine = Machine(heloName: "me.test", security: .none)
        #expect(machine.connected() == .wait)
        #expect(machine.received(reply("220 mx.test")) == .send([SMTPCommand("EHLO me.test")]))
        #expect(machine.received(reply(ehlo)) == .open)
        return machine
    }

    private func pipelined() -> Machine { opened("250-mx.test\n250 PIPELINING") }

    private func refused(_ text: String, _ stage: SMTPStage, _ next: Machine.Next) -> Machine.Action {
        .finish(.refused(reply(text), stage: stage), then: next)
    }

    private func sends(_ lines: String...) -> Machine.Action { .send(lines.map { SMTPCommand($0) }) }

    // MARK: - Opening

    @Test("without PIPELINING each command waits for its answer")
    func oneByOne() {
        var machine = opened()
        #expect(machine.begin(message) == sends("MAIL FROM:<a@x.test>"))
        #expect(machine.received(reply("250 ok")) == sends("RCPT TO:<b@y.test>"))
        #expect(machine.received(reply("251 forwarded")) == sends("DATA"))
        #expect(machine.received(reply("354 go")) == .takeMessage)
        #expect(machine.stage == .message)
        #expect(machine.complete() == .completeMessage)
        #expect(machine.received(reply("250 2.0.0 taken")) == .finish(.accepted(reply("250 2.0.0 taken")), then: .stay))
        #expect(machine.begin(message) == sends("MAIL FROM:<a@x.test>"))
    }

    @Test("where the server knows DSN it is asked to tell of failure and delay, by the message's name")
    func notices() throws {
        let named = try SMTPTransaction(from: "a@x.test", to: "b+c=d@y.test", size: 100, envelopeID: "id=1 +2")
        var machine = opened("250-mx.test\n250 DSN")
        #expect(machine.begin(named) == sends("MAIL FROM:<a@x.test> RET=HDRS ENVID=id+3D1+20+2B2"))
        #expect(
            machine.received(reply("250 ok"))
                == sends("RCPT TO:<b+c=d@y.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b+2Bc+3Dd@y.test"))
        machine = opened("250-mx.test\n250 HELP")
        #expect(machine.begin(named) == sends("MAIL FROM:<a@x.test>"))
        machine = opened("250-mx.test\n250-SMTPUTF8\n250 DSN")
        let unicode = try SMTPTransaction(from: "a@x.test", to: "jörg+x@y.test", size: 100, envelopeID: "1")
        #expect(machine.begin(unicode) == sends("MAIL FROM:<a@x.test> SMTPUTF8 RET=HDRS ENVID=1"))
        #expect(
            machine.received(reply("250 ok"))
                == sends("RCPT TO:<jörg+x@y.test> NOTIFY=FAILURE,DELAY ORCPT=utf-8;jörg\\x{2B}x@y.test"))
    }

    @Test(
        "no notice is asked for where none could come, or the name does not fit",
        arguments: [("", "id"), ("a@x.test", ""), ("a@x.test", String(repeating: "x", count: 101)), ("a@x.test", "ü")])
    func noNotices(from: String, name: String) throws {
        var machine = opened("250-mx.test\n250 DSN")
        #expect(
            machine.begin(try SMTPTransaction(from: from, to: "b@y.test", size: 1, envelopeID: name))
                == sends("MAIL FROM:<\(from)>"))
        #expect(machine.received(reply("250 ok")) == sends("RCPT TO:<b@y.test>"))
    }

    @Test("with PIPELINING the commands leave together")
    func together() {
        var machine = pipelined()
        #expect(machine.begin(message) == sends("MAIL FROM:<a@x.test>", "RCPT TO:<b@y.test>", "DATA"))
        #expect(machine.stage == .mail)
        #expect(machine.received(reply("250 ok")) == .wait)
        #expect(machine.stage == .recipient)
        #expect(machine.received(reply("250 ok")) == .wait)
        #expect(machine.received(reply("354 go")) == .takeMessage)
    }

    @Test("EHLO refused for good falls back to HELO, which offers nothing", arguments: ["500 what", "502 no", "550 no"])
    func helo(refusal: String) {
        var machine = Machine(heloName: "me.test", security: .opportunistic)
        _ = machine.connected()
        _ = machine.received(reply("220 old"))
        #expect(machine.received(reply(refusal)) == sends("HELO me.test"))
        #expect(machine.received(reply("250-old\n250 PIPELINING")) == .open)
        #expect(!machine.capabilities.pipelining)
    }

    @Test("HELO is no way out where TLS is required")
    func noHelo() {
        var machine = Machine(heloName: "me.test", security: .required)
        _ = machine.connected()
        _ = machine.received(reply("220 old"))
        #expect(machine.received(reply("502 no")) == refused("502 no", .hello, .leave))
    }

    @Test(
        "a greeting that is a refusal ends it",
        arguments: [("554 go away", Machine.Next.leave), ("450 later", .leave), ("421 busy", .drop)])
    func greeting(text: String, next: Machine.Next) {
        var machine = Machine(heloName: "me.test", security: .none)
        _ = machine.connected()
        #expect(machine.received(reply(text)) == refused(text, .greeting, next))
    }

    @Test("a name that cannot stand in EHLO is never sent", arguments: ["", "a b", "x\r\nMAIL FROM:<>", "x\u{0}", "a<b>"])
    func heloName(name: String) {
        var machine = Machine(heloName: name, security: .none)
        guard case .finish(.unsendable(.unfitAddress), then: .drop) = machine.connected() else {
            Issue.record("\(name.debugDescription) was let through")
            return
        }
    }

    // MARK: - TLS

    @Test("after STARTTLS everything said before is forgotten and EHLO repeated")
    func startTLS() {
        var machine = Machine(heloName: "me.test", security: .opportunistic)
        _ = machine.connected()
        _ = machine.received(reply("220 mx"))
        #expect(machine.received(reply(everything)) == .send([.startTLS]))
        #expect(machine.received(reply("220 go")) == .secure)
        #expect(machine.stage == .tls)
        #expect(machine.secured() == sends("EHLO me.test"))
        #expect(!machine.capabilities.pipelining)
        // Announced again: but there is nothing left to secure.
        #expect(machine.received(reply(everything)) == .open)
        #expect(machine.capabilities.pipelining)
    }

    @Test(
        "plain text that follows the answer to STARTTLS ends it, whatever the policy",
        arguments: [SMTPSecurity.opportunistic, .required])
    func injected(security: SMTPSecurity) {
        var machine = Machine(heloName: "me.test", security: security)
        _ = machine.connected()
        _ = machine.received(reply("220 mx"))
        _ = machine.received(reply(everything))
        guard
            case .finish(.failed(.protocolViolation, stage: .startTLS, mayHaveLeft: false), then: .drop) =
                machine.received(reply("220 go"), moreFollows: true)
        else {
            Issue.record("went on")
            return
        }
    }

    @Test("STARTTLS refused: plain text where TLS is optional, an end where it is required")
    func startTLSRefused() {
        for security in [SMTPSecurity.opportunistic, .required] {
            var machine = Machine(heloName: "me.test", security: security)
            _ = machine.connected()
            _ = machine.received(reply("220 mx"))
            _ = machine.received(reply(everything))
            let action = machine.received(reply("454 4.7.0 TLS not available"))
            #expect(action == (security == .required ? refused("454 4.7.0 TLS not available", .startTLS, .leave) : .open))
        }
    }

    @Test("STARTTLS not offered: plain text where TLS is optional, an end where it is required")
    func startTLSMissing() {
        for security in [SMTPSecurity.opportunistic, .required] {
            var machine = Machine(heloName: "me.test", security: security)
            _ = machine.connected()
            _ = machine.received(reply("220 mx"))
            let action = machine.received(reply("250 mx"))
            let stripped = Machine.Action.finish(
                .failed(.insecure("the server does not offer STARTTLS"), stage: .startTLS, mayHaveLeft: false), then: .leave)
            #expect(action == (security == .required ? stripped : .open))
        }
    }

    @Test("with implicit TLS the handshake comes before the greeting")
    func implicit() {
        var machine = Machine(heloName: "me.test", security: .implicit, credentials: secret)
        #expect(machine.connected() == .secure)
        #expect(machine.secured() == .wait)
        #expect(machine.received(reply("220 mx")) == sends("EHLO me.test"))
        #expect(
            machine.received(reply(everything))
                == .send([SMTPCommand(secret: "AUTH PLAIN AGFubgBzM2NyZXQ=", shownAs: "AUTH PLAIN ****")]))
        #expect(machine.received(reply("235 ok")) == .open)
    }

    // MARK: - Logging in

    @Test("credentials make TLS required, whatever was asked", arguments: [SMTPSecurity.none, .opportunistic, .required])
    func neverInPlainText(security: SMTPSecurity) {
        var machine = Machine(heloName: "me.test", security: security, credentials: secret)
        _ = machine.connected()
        _ = machine.received(reply("220 mx"))
        guard
            case .finish(.failed(.insecure, stage: .startTLS, mayHaveLeft: false), _) = machine.received(
                reply("250-mx\n250 AUTH PLAIN"))
        else {
            Issue.record("went on without TLS")
            return
        }
    }

    private func secured(_ credentials: SMTPCredentials, _ ehlo: String) -> (Machine, Machine.Action) {
        var machine = Machine(heloName: "me.test", security: .implicit, credentials: credentials)
        _ = machine.connected()
        _ = machine.secured()
        _ = machine.received(reply("220 mx"))
        let action = machine.received(reply(ehlo))
        return (machine, action)
    }

    @Test("LOGIN asks for the name and then the password")
    func login() {
        var (machine, action) = secured(secret, "250-mx\n250 AUTH=LOGIN")
        #expect(action == sends("AUTH LOGIN"))
        #expect(machine.received(reply("334 VXNlcm5hbWU6")) == .send([SMTPCommand(secret: "YW5u", shownAs: "****")]))
        #expect(machine.received(reply("334 UGFzc3dvcmQ6")) == .send([SMTPCommand(secret: "czNjcmV0", shownAs: "****")]))
        action = machine.received(reply("535 5.7.8 no"))
        #expect(action == refused("535 5.7.8 no", .auth, .leave))
    }

    @Test("a refused token is acknowledged before the refusal comes")
    func token() {
        var (machine, action) = secured(SMTPCredentials(user: "ann", secret: .token("t0ken")), "250-mx\n250 AUTH PLAIN XOAUTH2")
        #expect(
            action
                == .send([
                    SMTPCommand(secret: "AUTH XOAUTH2 dXNlcj1hbm4BYXV0aD1CZWFyZXIgdDBrZW4BAQ==", shownAs: "AUTH XOAUTH2 ****")
                ]))
        #expect(machine.received(reply("334 eyJzdGF0dXMiOiI0MDEifQ==")) == .send([SMTPCommand(secret: "", shownAs: "****")]))
        action = machine.received(reply("334 again"))
        guard case .finish(.failed(.protocolViolation, stage: .auth, _), then: .drop) = action else {
            Issue.record("a challenge without end was answered")
            return
        }
    }

    @Test("a login that the server does not know is not tried")
    func noMechanism() {
        let (_, action) = secured(secret, "250-mx\n250 AUTH CRAM-MD5")
        let fault = SMTPFault.cannotAuthenticate("it would take PLAIN or LOGIN, the server offers CRAM-MD5")
        #expect(action == .finish(.failed(fault, stage: .auth, mayHaveLeft: false), then: .leave))
    }

    // MARK: - A message

    @Test("what the message needs is asked for, and only where it is offered")
    func parameters() throws {
        let eightBit = try SMTPTransaction(from: "a@x.test", to: "b@y.test", size: 7, isEightBit: true)
        let international = try SMTPTransaction(from: "", to: "jörg@y.test", size: 7, isEightBit: true)
        var machine = opened("250-mx\n250-SIZE\n250-8BITMIME\n250 SMTPUTF8")
        #expect(machine.begin(eightBit) == sends("MAIL FROM:<a@x.test> SIZE=7 BODY=8BITMIME"))
        machine = opened("250-mx\n250-SIZE 10\n250-8BITMIME\n250 SMTPUTF8")
        #expect(machine.begin(international) == sends("MAIL FROM:<> SIZE=7 BODY=8BITMIME SMTPUTF8"))
        machine = opened("250-mx\n250-SIZE 6\n250-8BITMIME\n250 SMTPUTF8")
        #expect(machine.begin(eightBit) == .finish(.unsendable(.tooLarge(size: 7, limit: 6)), then: .stay))
        machine = opened("250-mx\n250 8BITMIME")
        #expect(machine.begin(international) == .finish(.unsendable(.needsInternationalMail), then: .stay))
        machine = opened()
        #expect(machine.begin(eightBit) == .finish(.unsendable(.needsEightBit), then: .stay))
        #expect(machine.begin(message) == sends("MAIL FROM:<a@x.test>"))
    }

    @Test("a refused message leaves the connection fit for the next, after RSET")
    func refusedThenNext() {
        var machine = opened()
        _ = machine.begin(message)
        _ = machine.received(reply("250 ok"))
        #expect(machine.received(reply("550 5.1.1 no")) == refused("550 5.1.1 no", .recipient, .stay))
        #expect(machine.begin(message) == sends("RSET"))
        #expect(machine.received(reply("250 ok")) == sends("MAIL FROM:<a@x.test>"))
    }

    @Test("pipelined: the first refusal is the outcome, and RSET goes with the next message")
    func refusedPipelined() {
        var machine = pipelined()
        _ = machine.begin(message)
        #expect(machine.received(reply("451 4.7.1 greylisted")) == .wait)
        #expect(machine.received(reply("503 MAIL first")) == .wait)
        #expect(machine.received(reply("503 RCPT first")) == refused("451 4.7.1 greylisted", .mail, .stay))
        #expect(machine.begin(message) == sends("RSET", "MAIL FROM:<a@x.test>", "RCPT TO:<b@y.test>", "DATA"))
        #expect(machine.received(reply("250 ok")) == .wait)
    }

    @Test("a server that refuses the recipient and asks for the message all the same gets none")
    func dataAfterRefusal() {
        var machine = pipelined()
        _ = machine.begin(message)
        _ = machine.received(reply("250 ok"))
        _ = machine.received(reply("550 no"))
        #expect(machine.received(reply("354 go")) == refused("550 no", .recipient, .drop))
    }

    @Test("a refusal stands even if the connection is lost behind it")
    func refusedThenLost() {
        var machine = pipelined()
        _ = machine.begin(message)
        _ = machine.received(reply("550 no"))
        #expect(machine.fail(.disconnected("closed the connection")) == refused("550 no", .mail, .drop))
    }

    @Test("421 ends the connection at any point of a message", arguments: [0, 1, 2, 3, 4])
    func goodbye(after replies: Int) {
        var machine = opened()
        _ = machine.begin(message)
        let stages: [SMTPStage] = [.mail, .recipient, .data, .message, .dot]
        for text in ["250 ok", "250 ok", "354 go"].prefix(replies) { _ = machine.received(reply(text)) }
        if replies == 4 { _ = machine.complete() }
        #expect(machine.received(reply("421 4.3.2 bye")) == refused("421 4.3.2 bye", stages[replies], .drop))
        #expect(!machine.isReady)
    }

    @Test("only a lost answer to the dot leaves it open whether the message left")
    func mayHaveLeft() {
        for replies in 0...4 {
            var machine = opened()
            _ = machine.begin(message)
            for text in ["250 ok", "250 ok", "354 go"].prefix(replies) { _ = machine.received(reply(text)) }
            if replies == 4 { _ = machine.complete() }
            guard
                case .finish(.failed(.timedOut, stage: _, let mayHaveLeft), then: .drop) = machine.fail(
                    .timedOut(after: .seconds(1)))
            else {
                Issue.record("did not fail")
                return
            }
            #expect(mayHaveLeft == (replies == 4))
        }
    }

    @Test(
        "an answer that makes no sense at its place ends it",
        arguments: [(0, "354 go", false), (1, "334 go", false), (2, "250 ok", false), (3, "250 ok", false), (4, "354 go", true)])
    func nonsense(after replies: Int, text: String, mayHaveLeft: Bool) {
        var machine = opened()
        _ = machine.begin(message)
        for text in ["250 ok", "250 ok", "354 go"].prefix(replies) { _ = machine.received(reply(text)) }
        if replies == 4 { _ = machine.complete() }
        guard case .finish(.failed(.protocolViolation, stage: _, let left), then: .drop) = machine.received(reply(text)) else {
            Issue.record("went on")
            return
        }
        #expect(left == mayHaveLeft)
    }

    @Test("an answer to nothing ends an idle connection: the next could not be told from it", arguments: ["421 idle", "250 ok"])
    func unasked(text: String) {
        var machine = opened()
        #expect(machine.received(reply(text)) == .close)
        #expect(!machine.isReady)
    }

    @Test("the dot cannot be written before 354 nor twice")
    func dotInItsPlace() {
        var machine = opened()
        #expect(machine.complete() == .wait)
        _ = machine.begin(message)
        #expect(machine.complete() == .wait)
        for text in ["250 ok", "250 ok", "354 go"] { _ = machine.received(reply(text)) }
        #expect(machine.complete() == .completeMessage)
        #expect(machine.complete() == .wait)
    }

    @Test("QUIT is said once, and any answer ends it")
    func quit() {
        var machine = opened()
        #expect(machine.quit() == .send([.quit]))
        #expect(machine.received(reply("221 bye")) == .close)
    }
}

/// Reads a reply as the parser would.
func reply(_ text: String) -> SMTPReply {
    var parser = SMTPReplyParser()
    var bytes = ArraySlice((text.replacing("\n", with: "\r\n") + "\r\n").utf8)
    do {
        if let reply = try parser.next(&bytes) { return reply }
        Issue.record("incomplete: \(text)")
    } catch {
        Issue.record("\(error)")
    }
    return SMTPReply(code: 0, lines: [])
}
