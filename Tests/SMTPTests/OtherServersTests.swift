import Foundation
import Support
import Testing

@testable import SMTP

/// Servers that are not ours.
@Suite(.timeLimit(.minutes(2)))
struct OtherServersTests {
    @Test("aiosmtpd takes mail over STARTTLS from one who logged in, and from nobody else", arguments: ["s3cret", "wrong"])
    func aiosmtpd(password: String) async throws {
        let certificate = try TestCertificate()
        let port = try Ports.free()
        let server = try Program("/usr/bin/python3", ["-c", Self.aiosmtpd, certificate.file, certificate.keyFile, "\(port)"])
        defer { server.stop() }
        try await server.listens(at: port)
        let endpoint = SMTPEndpoint(
            host: "127.0.0.1", port: port, security: .required,
            credentials: SMTPCredentials(user: "ann", secret: .password(password)), heloName: "client.test", tlsName: "localhost")
        do {
            let session = try await makeClient(trusting: certificate.file).connect(to: endpoint)
            #expect(password == "s3cret")
            for size in [100, 300_000] {
                let message = Array("Subject: x\r\n\r\n.dots\r\n".utf8) + bulk(size)
                let attempt = await session.send(from: "a@x.test", to: "b@y.test", message: message)
                #expect(attempt.outcome.summary == "accepted", "\(attempt.transcript)")
                #expect(attempt.outcome == .accepted(reply("250 OK \(message.count)")))
            }
            await session.quit()
        } catch let failure as SMTPConnectFailure {
            #expect(password == "wrong")
            #expect(failure.outcome.summary == "refused 535 at auth", "\(failure.transcript)")
        }
    }

    @Test("Postfix's smtp-sink takes 2,000 messages over four connections")
    func sink() async throws {
        let port = try Ports.free()
        let server = try Program("/usr/sbin/smtp-sink", ["-u", "nobody", "127.0.0.1:\(port)", "256"])
        defer { server.stop() }
        try await server.listens(at: port)
        let client = try makeClient()
        let endpoint = SMTPEndpoint(host: "127.0.0.1", port: port, heloName: "client.test")
        let message = Array("Subject: x\r\n\r\n".utf8) + bulk(4000)
        let began = ContinuousClock.now
        let accepted = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let session = try await client.connect(to: endpoint)
                    var accepted = 0
                    for number in 0..<500 {
                        let attempt = await session.send(from: "a@x.test", to: "b\(number)@y.test", message: message)
                        if attempt.outcome.summary == "accepted" { accepted += 1 }
                    }
                    await session.quit()
                    return accepted
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(accepted == 2000)
        print("2,000 messages of 4 KB over 4 connections to smtp-sink: \(ContinuousClock.now - began)")
    }

    private static let aiosmtpd = """
        import ssl, sys, threading
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult, LoginPassword
        class Handler:
            async def handle_DATA(self, server, session, envelope):
                return '250 OK %d' % len(envelope.original_content)
        def authenticate(server, session, envelope, mechanism, data):
            return AuthResult(success=data == LoginPassword(b'ann', b's3cret'), handled=False)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        controller = Controller(Handler(), hostname='127.0.0.1', port=int(sys.argv[3]), tls_context=context, require_starttls=True,
                                auth_required=True, authenticator=authenticate)
        controller.start()
        threading.Event().wait()
        """
}

/// A program that runs as long as a test needs it.
private final class Program: Sendable {
    private let process: ChildProcess

    init(_ path: String, _ arguments: [String]) throws {
        process = try ChildProcess(path, arguments)
    }

    func stop() {
        process.signal(SIGTERM)
    }

    /// Waits until somebody answers there.
    func listens(at port: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            do {
                let endpoint = SMTPEndpoint(host: "127.0.0.1", port: port, heloName: "client.test")
                await (try makeClient().connect(to: endpoint)).quit()
                return
            } catch {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        Issue.record("nobody listens at \(port)")
    }
}
