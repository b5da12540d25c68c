import Broker
import Foundation
import Logging
import Mail
import Runtime
import ServiceLifecycle
import Store

/// The whole service, wired together.
struct SchedulerService: Sendable {
    /// In the order of starting; they stop in reverse.
    let parts: [any Service]
    let ledger: Ledger
    private let store: StoreFile

    /// Opens the store. - Throws: `StoreError`, also where another scheduler has it open.
    init(_ configuration: SchedulerConfiguration, time: TimeSource, logger: Logger) async throws {
        let store = try StoreFile.open(
            in: configuration.common.data, name: "scheduler", migrations: Schema.migrations, logger: logger)
        let ledger = Ledger(store: store, time: time, rules: configuration.rules)
        try await ledger.learnTraffic()
        let app = "scheduler"
        let publisher = Publisher(to: configuration.common.broker, app: app, logger: logger)
        let commands = Consumer(
            from: Names.scheduler, at: configuration.common.broker, prefetch: 16, app: app, logger: logger)
        let facts = Consumer(
            from: Names.schedulerFacts, at: configuration.common.broker, prefetch: 200, app: app, logger: logger)
        let claims = ClaimDesk(
            ledger: ledger, deadLetter: { try await publisher.deadLetter($0, reason: $1, from: Names.claims) }, logger: logger)
        let answerer = Answerer(
            queue: Names.claims, at: configuration.common.broker, app: app, logger: logger, answer: { await claims.answer($0) })
        let desk = MailingDesk(
            ledger: ledger, limits: configuration.limits, zone: Self.zone, logger: logger)

        let readiness = Readiness()
        readiness.require("store") { store.trouble }
        readiness.require("broker, publishing") { publisher.status.trouble }
        readiness.require("broker, commands") { commands.status.trouble }
        readiness.require("broker, facts") { facts.status.trouble }
        readiness.require("broker, claims") { answerer.status.trouble }

        let api = SchedulerAPI(desk: desk, tokens: try await APITokens(secret: configuration.common.secret))
        parts = [
            publisher, OutboxRelay(store: store, publisher: publisher, logger: logger),
            TicketIssuer(ledger: ledger, publisher: publisher, ticketAge: configuration.ticketAge, logger: logger),
            DueLoop(ledger: ledger, logger: logger),
            FactIntake(consumer: facts, of: Names.schedulerFacts, publisher: publisher, time: time, logger: logger) {
                try await ledger.learn($0)
            }, answerer,
            CommandIntake(consumer: commands, publisher: publisher, desk: desk, logger: logger),
            SchedulerMetrics.Reporter(ledger: ledger, logger: logger),
            WebServer(
                name: app, listen: configuration.listen, router: api.router(), monitored: readiness, logger: logger),
        ]
        self.ledger = ledger
        self.store = store
    }

    private static func zone(_ name: String) throws -> TimeZoneRules? {
        do {
            return try TimeZoneRules(tzif: try ZoneFiles.load(name))
        } catch ZoneError.unknown {
            return nil
        }
    }

    /// Once all parts have stopped.
    func close() throws { try store.close() }
}
