import Foundation
package import NIOCore
import NIOPosix
package import NIOSSL
package import SMTP
import Synchronization

/// An SMTP server over real sockets that does what a test tells it: any answer, silence, or a lost connection at any stage, and
/// a ledger of what it took, written before each 250.
///
/// Messages end at CRLF.CRLF and nowhere else. Commands of one connection are answered in their order, each after its delay.
package final class ScriptedSMTPServer: Sendable {
    /// What a message's sender was told is safe here.
    package struct Received: Sendable, Hashable {
        package var from: String
        package var recipients: [String]
        /// MAIL and RCPT as they came, without CRLF; none if the server does not keep messages.
        package var commands: [String]
        /// With dots unstuffed; ends with CRLF. Empty if the server does not keep messages.
        package var bytes: [UInt8]
        package var connection: Int
        package var isSecure: Bool
        /// Who logged in, if anybody did.
        package var user: String?
    }

    /// The port it listens on.
    package var port: Int { state.withLock { $0.listener?.localAddress?.port ?? 0 } }
    package let host: String
    let settings: Settings
    private let ledger: SMTPLedger
    private let state = Mutex(State())

    private struct State {
        var listener: (any Channel)?
        var script = Script()
        var connections = 0
        var reached: [SMTPStage: Int] = [:]
        var children: [Int: any Channel] = [:]
    }

    package struct Settings: Sendable {
        /// What EHLO announces, besides STARTTLS and AUTH.
        package var extensions = ["PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN"]
        /// Announced as STARTTLS, or used from the first byte.
        package var tls: NIOSSLContext?
        package var isImplicitlySecure = false
        /// User and password (or token); AUTH is announced if there are any, and MAIL needs it.
        package var logins: [String: String] = [:]
        package var mechanisms = ["PLAIN", "LOGIN", "XOAUTH2"]
        /// Without the bytes a ledger of a million stays small.
        package var keepsMessages = true
        /// Where each message is also written as a line of JSON before its 250, and flushed to the disk.
        package var ledgerFile: String?

        package init() {}
    }

    private init(script: Script, settings: Settings, host: String) throws {
        self.settings = settings
        self.host = host
        ledger = try SMTPLedger(settings)
        state.withLock { $0.script = script }
    }

    /// Starts on a free port of 127.0.0.1, or on the given one, or at another address of this machine such as `127.0.0.2` or `::1`.
    package static func start(
        _ script: Script = Script(), settings: Settings = Settings(), host: String = "127.0.0.1", port: Int = 0,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> ScriptedSMTPServer {
        let server = try ScriptedSMTPServer(script: script, settings: settings, host: host)
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try server.adopt(channel) } }
            .bind(host: server.host, port: port).get()
        server.state.withLock { $0.listener = listener }
        return server
    }

    private func adopt(_ channel: any Channel) throws {
        let number = state.withLock { state in
            state.connections += 1
            state.children[state.connections] = channel
            return state.connections
        }
        channel.closeFuture.whenComplete { [weak self] _ in _ = self?.state.withLock { $0.children.removeValue(forKey: number) } }
        let pipeline = channel.pipeline.syncOperations
        if let tls = settings.tls, settings.isImplicitlySecure { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        try pipeline.addHandler(ScriptedSMTPConnection(server: self, number: number))
    }

    /// Stops taking connections and closes those that stand.
    package func stop() async {
        let channels = state.withLock { state in Array(state.children.values) + (state.listener.map { [$0] } ?? []) }
        for channel in channels { channel.close(promise: nil) }
        for channel in channels {
            await withCheckedContinuation { continuation in channel.closeFuture.whenComplete { _ in continuation.resume() } }
        }
    }

    // MARK: - What a test asks

    /// May be changed at any time; counts from ``Script/Rule/turns`` go on.
    package var script: Script {
        get { state.withLock(\.script) }
        set { state.withLock { $0.script = newValue } }
    }

    /// What was taken, in order.
    package var received: [Received] { ledger.received }
    /// How many messages were taken, also those that are not kept.
    package var count: Int { ledger.count }
    /// How many connections were ever made.
    package var connections: Int { state.withLock(\.connections) }
    /// How many connections stand.
    package var openConnections: Int { state.withLock { $0.children.count } }

    /// How often a stage was reached.
    package func reached(_ stage: SMTPStage) -> Int { state.withLock { $0.reached[stage, default: 0] } }

    /// Waits until that many messages were taken.
    /// - Returns: Whether they came in time.
    package func hasReceived(_ count: Int, within limit: Duration = .seconds(10)) async throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while self.count < count {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(5))
        }
        return true
    }

    // MARK: - What a connection asks

    func answer(at stage: SMTPStage, _ moment: inout Script.Moment) -> (action: Action, delay: Duration) {
        state.withLock { state in
            state.reached[stage, default: 0] += 1
            moment.stage = stage
            moment.turn = state.reached[stage, default: 0]
            return (state.script.action(at: moment), state.script.delays[stage] ?? state.script.delay)
        }
    }

    func take(_ message: Received) throws {
        try ledger.write(message)
    }
}
