package import Logging
package import NIOCore
import NIOPosix
import NIOSSL

/// Opens sessions with SMTP servers. One for a whole process: it holds the TLS settings, which are costly to make.
package struct SMTPClient: Sendable {
    private let group: any EventLoopGroup
    private let logger: Logger
    private let verified: NIOSSLContext
    private let unverified: NIOSSLContext

    /// - Parameter trustRoots: A file of PEM certificates to trust besides the system's.
    /// - Throws: If the file cannot be read.
    package init(group: any EventLoopGroup, trustRoots: String? = nil, logger: Logger) throws {
        self.group = group
        self.logger = logger
        var strict = TLSConfiguration.makeClientConfiguration()
        strict.minimumTLSVersion = .tlsv12
        if let trustRoots { strict.additionalTrustRoots = [.file(trustRoots)] }
        verified = try NIOSSLContext(configuration: strict)
        // Without required TLS the alternative is plain text, against which any certificate is an improvement (RFC 7435).
        var lenient = TLSConfiguration.makeClientConfiguration()
        lenient.certificateVerification = .none
        unverified = try NIOSSLContext(configuration: lenient)
    }

    /// Whether a file has certificates that can be trusted.
    package static func canTrust(_ path: String) -> Bool {
        do { return try !NIOSSLCertificate.fromPEMFile(path).isEmpty } catch { return false }
    }

    /// Connects, greets, secures and authenticates as the endpoint says.
    ///
    /// If TLS is opportunistic and the handshake fails, connects once more and stays with plain text.
    /// - Parameter deadline: When it has to be done, whatever the endpoint's timeouts say.
    /// - Throws: ``SMTPConnectFailure``; nothing was sent then.
    package func connect(
        to endpoint: SMTPEndpoint, by deadline: NIODeadline = .distantFuture
    ) async throws(SMTPConnectFailure) -> SMTPSession {
        do {
            return try await open(endpoint, security: endpoint.security, by: deadline, after: SMTPTranscript())
        } catch {
            guard endpoint.security == .opportunistic, endpoint.credentials == nil, case .failed(_, stage: .tls, _) = error.outcome,
                !Task.isCancelled
            else { throw error }
            logger.info(
                "The TLS handshake failed; TLS is optional here, so plain text is tried",
                metadata: ["host": "\(endpoint.host)", "reason": "\(error)"])
            var transcript = error.transcript
            transcript.append(.note, "TLS is optional here; trying again in plain text")
            return try await open(endpoint, security: .none, by: deadline, after: transcript)
        }
    }

    private func open(
        _ endpoint: SMTPEndpoint, security: SMTPSecurity, by deadline: NIODeadline, after transcript: SMTPTranscript
    ) async throws(SMTPConnectFailure) -> SMTPSession {
        let machine = SMTPClientMachine(heloName: endpoint.heloName, security: security, credentials: endpoint.credentials)
        let mustVerify = security == .required || security == .implicit || endpoint.credentials != nil
        let tls = SMTPChannelHandler.TLS(
            context: mustVerify ? verified : unverified, name: endpoint.tlsName ?? endpoint.host, isVerified: mustVerify)
        let wait = endpoint.timeouts.connect
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(wait))
            .channelOption(.socketOption(.so_keepalive), value: 1)
        let connection: (channel: any Channel, handler: NIOLoopBound<SMTPChannelHandler>)
        do {
            let prepare = { @Sendable (channel: any Channel) in
                channel.eventLoop.makeCompletedFuture {
                    let handler = SMTPChannelHandler(
                        machine: machine, timeouts: endpoint.timeouts, deadline: deadline, tls: tls, transcript: transcript)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
                }
            }
            connection =
                SocketAddress.isAddress(endpoint.host)
                ? try await bootstrap.connect(
                    to: SocketAddress(ipAddress: endpoint.host, port: endpoint.port), channelInitializer: prepare)
                : try await bootstrap.connect(host: endpoint.host, port: endpoint.port, channelInitializer: prepare)
        } catch {
            let fault = Self.fault(error, wait: wait)
            var transcript = transcript
            transcript.append(.note, "\(endpoint.displayName): \(fault)")
            throw SMTPConnectFailure(
                outcome: .failed(fault, stage: .connect, mayHaveLeft: false), transcript: transcript)
        }
        return try await SMTPSession.open(channel: connection.channel, handler: connection.handler)
    }

    private static func fault(_ error: any Error, wait: Duration) -> SMTPFault {
        switch error {
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return fault(first.error, wait: wait) }
            return .unreachable("its name cannot be resolved (\(error.dnsAError.map { "\($0)" } ?? "no address"))")
        case ChannelError.connectTimeout: return .timedOut(after: wait)
        case let error as IOError: return .unreachable(SMTPChannelHandler.reason(error))
        default: return .unreachable("\(error)")
        }
    }
}
