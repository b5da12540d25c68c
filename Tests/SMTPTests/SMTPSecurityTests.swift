import NIOSSL
import Support
import Testing

@testable import SMTP

@Suite(.timeLimit(.minutes(2)))
struct SMTPSecurityTests {
    let certificate: TestCertificate

    init() throws {
        certificate = try TestCertificate()
    }

    private func server(_ script: Script = Script(), isImplicit: Bool = false, logins: [String: String] = [:]) async throws
        -> Server
    {
        var settings = Server.Settings()
        settings.tls = try certificate.context()
        settings.isImplicitlySecure = isImplicit
        settings.logins = logins
        return try await Server.start(script, settings: settings)
    }

    private func attempt(
        _ server: Server, _ security: SMTPSecurity, credentials: SMTPCredentials? = nil, trusting: Bool = true,
        name: String = "localhost"
    ) async throws -> SMTPAttempt {
        let endpoint = SMTPEndpoint.scripted(
            server, security: security, credentials: credentials, tlsName: name, within: .seconds(2))
        do {
            let session = try await makeClient(trusting: trusting ? certificate.file : nil).connect(to: endpoint)
            let attempt = await session.send(from: "", to: "ann@example.net", message: letter)
            await session.quit()
            return attempt
        } catch let failure as SMTPConnectFailure {
            return SMTPAttempt(outcome: failure.outcome, transcript: failure.transcript)
        }
    }

    @Test(
        "STARTTLS and implicit TLS carry the message, and the transcript says how",
        arguments: [SMTPSecurity.opportunistic, .required, .implicit])
    func secured(security: SMTPSecurity) async throws {
        let server = try await server(isImplicit: security == .implicit)
        let attempt = try await attempt(server, security)
        #expect(attempt.outcome.summary == "accepted", "\(attempt.transcript)")
        #expect(server.received.map(\.isSecure) == [true])
        #expect(attempt.transcript.tlsVersion == "TLSv1.3")
        #expect(try #require(attempt.transcript.cipher).hasPrefix("TLS_"))
        await server.stop()
    }

    @Test(
        "a certificate that does not verify: good enough where TLS is optional, an end where it is required",
        arguments: ["unknown", "name", "expired"])
    func unverified(flaw: String) async throws {
        let expired = try TestCertificate(isExpired: true)
        var settings = Server.Settings()
        settings.tls = try flaw == "expired" ? expired.context() : certificate.context()
        let server = try await Server.start(settings: settings)
        for security in [SMTPSecurity.opportunistic, .required] {
            let endpoint = SMTPEndpoint.scripted(
                server, security: security, tlsName: flaw == "name" ? "elsewhere.test" : "localhost", within: .seconds(2))
            let trusted = flaw == "unknown" ? nil : flaw == "expired" ? expired.file : certificate.file
            do {
                let session = try await makeClient(trusting: trusted).connect(to: endpoint)
                #expect(security == .opportunistic)
                #expect(await session.send(from: "", to: "ann@example.net", message: letter).outcome.summary == "accepted")
            } catch let failure as SMTPConnectFailure {
                #expect(security == .required)
                #expect(failure.outcome.summary == "failed at tls", "\(failure.transcript)")
                guard case .failed(.insecure, _, _) = failure.outcome else {
                    Issue.record("\(failure.outcome)")
                    return
                }
            }
        }
        #expect(server.received.map(\.isSecure) == [true])
        await server.stop()
    }

    @Test("a server that drops STARTTLS gets neither mail nor credentials where TLS is required")
    func stripped() async throws {
        var settings = Server.Settings()
        settings.extensions = ["PIPELINING", "AUTH PLAIN LOGIN"]
        let server = try await Server.start(settings: settings)
        let credentials = SMTPCredentials(user: "ann", secret: .password("s3cret"))
        for attempt in [
            try await attempt(server, .required), try await attempt(server, .none, credentials: credentials),
            try await attempt(server, .opportunistic, credentials: credentials),
        ] {
            #expect(attempt.outcome.summary == "failed at startTLS")
        }
        #expect(server.reached(.auth) == 0)
        #expect(server.reached(.mail) == 0)
        await server.stop()
    }

    @Test(
        "plain text slipped in behind the answer to STARTTLS ends the connection",
        arguments: [SMTPSecurity.opportunistic, .required])
    func injected(security: SMTPSecurity) async throws {
        let server = try await server(Script().on(.startTLS, .raw(Array("220 go\r\n250 injected\r\n".utf8))))
        let attempt = try await attempt(server, security)
        #expect(attempt.outcome.summary == "failed at startTLS")
        #expect(server.reached(.mail) == 0)
        await server.stop()
    }

    @Test("STARTTLS refused or broken: plain text where TLS is optional, nothing where it is required")
    func refused() async throws {
        for action in [
            Server.Action.reply("454 4.7.0 Not now"), .reply("501 5.5.4 No"), .raw(Array("220 go\r\n".utf8)),
            .both(.reply("220 go"), .drop),
        ] {
            let server = try await server(Script().on(.startTLS, action))
            let optional = try await attempt(server, .opportunistic)
            #expect(optional.outcome.summary == "accepted", "\(optional.transcript)")
            let required = try await attempt(server, .required)
            #expect(required.outcome.summary != "accepted")
            #expect(server.received.map(\.isSecure) == [false])
            await server.stop()
        }
    }

    @Test(
        "logs in by each mechanism, and never shows the secret",
        arguments: [("PLAIN", false), ("LOGIN", false), ("XOAUTH2", true), ("PLAIN", true)], [true, false])
    func logsIn(mechanism: (name: String, isToken: Bool), isRight: Bool) async throws {
        let secret = String(repeating: "gehe1m-", count: mechanism.isToken ? 80 : 2)
        var settings = Server.Settings()
        settings.tls = try certificate.context()
        settings.logins = ["ann": isRight ? secret : "other"]
        settings.mechanisms = [mechanism.name]
        let server = try await Server.start(settings: settings)
        let credentials = SMTPCredentials(user: "ann", secret: mechanism.name == "XOAUTH2" ? .token(secret) : .password(secret))
        let attempt = try await attempt(server, .required, credentials: credentials)
        #expect(attempt.outcome.summary == (isRight ? "accepted" : "refused 535 at auth"), "\(attempt.transcript)")
        #expect(server.received.map(\.user) == (isRight ? ["ann"] : []))
        let shown = "\(attempt.transcript)\(credentials)\(String(reflecting: credentials))"
        #expect(!shown.contains("gehe1m"))
        #expect(!shown.contains("Z2VoZTFt") && !shown.contains("dlaGUxbS") && !shown.contains("nZWhlMW0"))
        #expect(attempt.transcript.description.contains("AUTH \(mechanism.name)"))
        await server.stop()
    }

    @Test("a handshake that never ends times out")
    func handshakeHangs() async throws {
        let server = try await Server.start(Script().on(.greeting, .hang))
        let endpoint = SMTPEndpoint.scripted(server, security: .implicit, within: .milliseconds(200))
        await #expect(throws: SMTPConnectFailure.self) { try await makeClient().connect(to: endpoint) }
        await server.stop()
    }
}
