import HTTPTypes
package import Hummingbird
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// An HTTP server with limits on everything a client can draw out: header size, idle time, body time, connections.
///
/// Around the router's own routes it answers `HEAD` wherever there is `GET`, says 405 with `Allow`, and makes every refusal a problem
/// document. Handlers throw ``Problem``; a `PassingFailure` becomes 503.
package struct WebServer: Service {
    private let name: String
    private let listen: ListenAddress
    private let responder: WebResponder
    private let limits: WebLimits
    private let logger: Logger
    private let onListening: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - name: For figures and logs: `public`, `console`.
    ///   - monitored: Adds `/healthz`, `/readyz` and `/metrics`; `nil` for public servers.
    ///   - onListening: Hears the port, once it is open.
    package init(
        name: String, listen: ListenAddress, router: Router<WebContext>, monitored: Readiness?, logger: Logger,
        limits: WebLimits = WebLimits(), onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.name = name
        self.listen = listen
        self.responder = WebResponder(name: name, router: router, monitored: monitored)
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown, then finishes what is in hand within the limit.
    /// - Throws: ``ListenError``, in words for the operator.
    package func run() async throws {
        let application = application
        do {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    do { try await application.run() } catch is CancellationError { return }
                }
                group.addTask {
                    do { try await gracefulShutdown() } catch is CancellationError { return }
                    // Streams that do not end by themselves are cut; clients come again.
                    do { try await Task.sleep(for: limits.drain) } catch is CancellationError { return }
                }
                try await group.next()
                group.cancelAll()
                try await group.waitForAll()
            }
        } catch let error as IOError {
            throw ListenError(error, at: listen)
        } catch let error as SocketAddressError {
            throw ListenError(error, at: listen)
        }
    }

    private var application: Application<WebResponder> {
        // Hummingbird tells of every start in words of its own.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        quiet[metadataKey: "server"] = "\(name)"
        let limits = limits
        return Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionDeadlines(limits)],
                    idleTimeout: TimeAmount(limits.idle),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
                        maxHeaderFieldCount: limits.headerFields))),
            configuration: .init(
                address: .hostname(listen.host, port: listen.port),
                availableConnectionsDelegate: .maximum(limits.connections, logger: quiet)),
            onServerRunning: { [name, logger, onListening, listen] channel in
                let port = channel.localAddress?.port ?? listen.port
                logger.notice(
                    "listening", metadata: ["server": "\(name)", "address": "\(ListenAddress(host: listen.host, port: port))"])
                onListening(port)
            },
            logger: quiet)
    }
}
