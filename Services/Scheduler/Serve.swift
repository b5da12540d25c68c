import ArgumentParser
import Runtime

/// Runs the service.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the scheduler until it is told to stop.")

    func run() async throws {
        var service: SchedulerService?
        try await serve("scheduler", with: SchedulerConfiguration.self) { configuration, logger in
            let assembled = try await SchedulerService(configuration, time: .system, logger: logger)
            service = assembled
            return assembled.parts
        }
        try service?.close()
    }
}
