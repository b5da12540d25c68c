import ArgumentParser
import Runtime

/// Runs the service.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the reminder until it is told to stop.")

    func run() async throws {
        try await serve("reminder") { settings, logger in
            let configuration = try ReminderConfiguration(&settings)
            return try await ReminderService(configuration, time: .system, logger: logger).parts
        }
    }
}
