import Broker
import Logging
import Mail
import Runtime
import ServiceLifecycle
import Store

/// The whole service, wired together.
struct ReminderService: Sendable {
    /// In the order of starting; they stop in reverse.
    let parts: [any Service]
    let agenda: Agenda

    /// Opens the store.
    /// - Parameter onListening: Hears the port of the HTTP API, once it is open.
    /// - Throws: `StoreError`, also where another reminder has it open.
    init(
        _ configuration: ReminderConfiguration, time: TimeSource, logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        let app = "reminder"
        let store = try StoreFile.open(in: configuration.common.data, name: app, migrations: Schema.migrations, logger: logger)
        let agenda = Agenda(store: store, time: time)
        let publisher = Publisher(to: configuration.common.broker, app: app, logger: logger)
        let commands = Consumer(from: Names.reminder, at: configuration.common.broker, prefetch: 16, app: app, logger: logger)
        let facts = Consumer(from: Names.reminderFacts, at: configuration.common.broker, prefetch: 50, app: app, logger: logger)

        let readiness = Readiness()
        readiness.require("store") { store.trouble }
        readiness.require("broker, publishing") { publisher.status.trouble }
        readiness.require("broker, commands") { commands.status.trouble }
        readiness.require("broker, facts") { facts.status.trouble }

        let api = ReminderAPI(agenda: agenda, tokens: try await APITokens(secret: configuration.common.secret))
        parts = [
            publisher, OutboxRelay(store: store, publisher: publisher, logger: logger), DueLoop(agenda: agenda, logger: logger),
            FactIntake(consumer: facts, of: Names.reminderFacts, publisher: publisher, time: time, logger: logger) {
                try await agenda.learn($0)
            },
            CommandIntake(consumer: commands, publisher: publisher, agenda: agenda, logger: logger),
            WebServer(
                name: app, listen: configuration.listen, router: api.router(), monitored: readiness, logger: logger,
                onListening: onListening),
        ]
        self.agenda = agenda
    }
}
