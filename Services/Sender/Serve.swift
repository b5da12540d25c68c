import ArgumentParser
import Broker
import DNS
import Foundation
import Logging
import Mail
import Metrics
import NIOPosix
import Runtime
import SMTP
import ServiceLifecycle

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the service (the default).")

    func run() async throws {
        try await Runtime.serve("sender", with: SenderConfiguration.self) { configuration, logger in
            try Sending(configuration, session: .fresh(), time: .system, logger: logger).services
        }
    }
}

/// The sender's parts, put together.
struct Sending {
    /// In the order of starting; stopped in reverse.
    let services: [any Service]

    /// - Parameter onListening: Hears the port of the private web server.
    init(
        _ configuration: SenderConfiguration, session: SessionID, time: TimeSource, logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        var logger = logger
        logger[metadataKey: "session"] = "\(session)"
        let publisher = Publisher(to: configuration.common.broker, app: "sender", logger: logger)
        let asker = Asker(at: configuration.common.broker, app: "sender", logger: logger)
        let consumer = Consumer(
            from: Names.tickets, at: configuration.common.broker, prefetch: configuration.concurrency, app: "sender", logger: logger
        )
        let journal = try Journal(in: configuration.common.data, session: session, logger: logger)
        let questioner = Questioner(
            session: session, slots: configuration.concurrency, asker: asker, time: time, logger: logger)
        let maildir = try Maildir(
            at: configuration.common.data.appendingPathComponent("sandbox"), capacity: configuration.sandboxCapacity,
            host: ProcessInfo.processInfo.hostName)
        let transport: any Transport
        switch configuration.transport.choice {
        case .sandbox:
            let client = try SMTPClient(group: MultiThreadedEventLoopGroup.singleton, logger: logger)
            let world = SandboxWorld(
                publicURL: configuration.publicURL, front: configuration.sandboxPublicURL, intake: configuration.bounceIntake,
                client: client,
                pace: configuration.sandboxPace, time: time, logger: logger)
            transport = SandboxTransport(maildir: maildir, world: world, time: time, logger: logger)
        case .relays(let relays):
            transport = try SMTPTransport(configuration.transport, logger: logger) { _ in RelayRoutes(relays).find }
        case .mx(let settings):
            let resolver = try Resolver(servers: configuration.transport.nameServers)
            transport = try SMTPTransport(configuration.transport, logger: logger) { health in
                MXRoutes(resolver: resolver, settings: settings, health: health).find
            }
        }
        let worker = DeliveryWorker(
            session: session, consumer: consumer, questioner: questioner,
            contents: ContentCache(room: configuration.cache) { try await questioner.fetch($0) },
            composer: Composer(configuration), transport: transport, journal: journal, publisher: publisher,
            drain: configuration.drain, time: time, logger: logger)
        let recovery = JournalRecovery(
            folder: configuration.common.data, publish: { try await publisher.publish($0) }, time: time, logger: logger)

        let readiness = Readiness()
        readiness.require("broker, publishing") { publisher.status.trouble }
        readiness.require("broker, tickets") { consumer.status.trouble }
        readiness.require("broker, questions") { asker.status.trouble }
        readiness.require("journal") { journal.trouble }
        let web = WebServer(
            name: "private", listen: configuration.listen,
            router: Inbox(maildir: maildir, isInUse: configuration.transport.choice == .sandbox).router(), monitored: readiness,
            logger: logger, onListening: onListening)
        services = [publisher, asker, transport, web, recovery, worker]
    }
}
