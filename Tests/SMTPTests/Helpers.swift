import Logging
import NIOCore
import NIOPosix
import Support

@testable import SMTP

typealias Server = ScriptedSMTPServer
typealias Script = ScriptedSMTPServer.Script

/// A small message with a line that begins with a dot.
let letter = Array("Subject: hello\r\n\r\nfirst\r\n.second\r\n..third\r\n".utf8)

let quietLogger = Logger(label: "smtp-tests") { _ in SwiftLogNoOpLogHandler() }

func makeClient(trusting trustRoots: String? = nil) throws -> SMTPClient {
    try SMTPClient(group: MultiThreadedEventLoopGroup.singleton, trustRoots: trustRoots, logger: quietLogger)
}

extension SMTPEndpoint {
    /// The scripted server, with a timeout that a test can wait for.
    static func scripted(
        _ server: Server, security: SMTPSecurity = .opportunistic, credentials: SMTPCredentials? = nil, tlsName: String? = nil,
        within wait: Duration = .seconds(10)
    ) -> SMTPEndpoint {
        SMTPEndpoint(
            host: server.host, port: server.port, security: security, credentials: credentials, heloName: "client.test",
            tlsName: tlsName, timeouts: SMTPTimeouts(all: wait))
    }
}

extension SMTPOutcome {
    /// `accepted`, `refused 550 at recipient`, `failed at dot (may have left)`, `unsendable`: short, for tables.
    var summary: String {
        switch self {
        case .accepted: "accepted"
        case .refused(let reply, let stage): "refused \(reply.code) at \(stage.rawValue)"
        case .failed(_, let stage, let mayHaveLeft): "failed at \(stage.rawValue)\(mayHaveLeft ? " (may have left)" : "")"
        case .unsendable: "unsendable"
        }
    }
}

/// Connects and sends one message, whichever of the two fails.
func attempt(
    _ server: Server, _ endpoint: SMTPEndpoint? = nil, to: String = "ann@example.net", message: [UInt8] = letter
) async throws -> SMTPAttempt {
    do {
        let session = try await makeClient().connect(to: endpoint ?? .scripted(server))
        let attempt = await session.send(from: "studio@example.com", to: to, message: message)
        await session.quit()
        return attempt
    } catch let failure as SMTPConnectFailure {
        return SMTPAttempt(outcome: failure.outcome, transcript: failure.transcript)
    }
}

/// A message of at least that many bytes.
func bulk(_ size: Int) -> [UInt8] {
    var bytes = Array((String(repeating: "x", count: 78) + "\r\n").utf8)
    while bytes.count < size { bytes += bytes }
    return bytes
}
