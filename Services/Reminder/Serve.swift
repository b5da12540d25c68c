import ArgumentParser
import Runtime

/// Runs the service.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the reminder until it is told to stop.")

    func run() async throws {
        try await serve("reminder", with: ReminderConfiguration.self) { configuration, logger in
            try await ReminderService(configuration, time: .system, logger: logger).parts
        }
    }
}
