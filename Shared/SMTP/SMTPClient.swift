package import Logging
package import NIOCore
import NIOPosix
import NIOSSL

/// Opens sessions with SMTP servers. One for a whole process: it holds the TLS settings, which are costly to make.
package struct SMTPClient: Sendable {
    private let group: any EventLoopGroup
    private let logger: Logger

    /// - Parameter trustRoots: A file of PEM certificates to trust instead of the system's.
    package init(group: any EventLoopGroup, trustRoots: String? = nil, logger: Logger) throws {
        self.group = group
        self.logger = logger
    }

    /// Connects, greets, secures and authenticates as the endpoint says.
    /// - Throws: ``SMTPConnectFailure``.
    package func connect(to endpoint: SMTPEndpoint) async throws(SMTPConnectFailure) -> SMTPSession {
        throw SMTPConnectFailure(outcome: .failed(.cancelled, stage: .connect, mayHaveLeft: false), transcript: SMTPTranscript())
    }
}
