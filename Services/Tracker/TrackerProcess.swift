import Broker
import Hummingbird
import Logging
import Mail
import Runtime
import ServiceLifecycle
import Store

/// The tracker's parts, put together.
struct TrackerProcess {
    /// What one process does of the tracker's work.
    enum Role: String, CaseIterable, Sendable {
        /// Everything, in one process.
        case all
        /// The tracking image, links and unsubscribing. Any number of these, each with a folder of its own.
        case `public`
        /// Recorder, console and history API. One of these.
        case `private`
    }

    let configuration: TrackerConfiguration
    let role: Role
    let logger: Logger

    /// What is to run, in the order of starting; stopped in reverse.
    func services() async throws -> [any Service] {
        let readiness = Readiness()
        let publisher = Publisher(to: configuration.common.broker, app: "tracker", logger: logger)
        readiness.require("broker") { publisher.status.trouble }
        let router = Router(context: WebContext.self)
        var services: [any Service] = [publisher]
        if role != .public {
            services += try await recording(publisher, router, readiness)
        }
        if role != .private {
            services += try tracking(publisher, readiness)
        }
        services.append(
            WebServer(name: "console", listen: configuration.listen, router: router, monitored: readiness, logger: logger))
        return services
    }

    private func recording(_ publisher: Publisher, _ router: Router<WebContext>, _ readiness: Readiness) async throws
        -> [any Service]
    {
        let store = try StoreFile.open(
            in: configuration.common.data, name: "tracker", migrations: Schema.migrations, logger: logger)
        readiness.require("history") { store.trouble }
        let consumer = Consumer(from: Names.tracker, at: configuration.common.broker, prefetch: 300, app: "tracker", logger: logger)
        readiness.require("facts") { consumer.status.trouble }
        let live = LiveUpdates()
        let tokens = try await APITokens(secret: configuration.common.secret)
        let history = History(store: store)
        HistoryRoutes(history: history, live: live, authentication: Authentication(tokens: tokens, time: .system))
            .add(to: router)
        ConsoleRoutes(
            history: history, live: live, tokens: tokens, time: .system, commands: CommandSender(publisher: publisher),
            logger: logger
        ).add(to: router)
        return [live, Recorder(consumer: consumer, publisher: publisher, store: store, live: live, logger: logger)]
    }

    private func tracking(_ publisher: Publisher, _ readiness: Readiness) throws -> [any Service] {
        let store = try StoreFile.open(in: configuration.common.data, name: "hits", migrations: [], logger: logger)
        readiness.require("hits") { store.trouble }
        let spool = HitSpool(store: store, logger: logger)
        let router = Router(context: WebContext.self)
        TrackingRoutes(keys: configuration.common.keys, spool: spool).add(to: router)
        UnsubscribeRoutes(keys: configuration.common.keys, store: store, logger: logger).add(to: router)
        return [
            OutboxRelay(store: store, publisher: publisher, logger: logger), spool,
            WebServer(name: "public", listen: configuration.publicListen, router: router, monitored: nil, logger: logger),
        ]
    }
}
