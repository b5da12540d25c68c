import ArgumentParser
import Runtime

@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tracker", abstract: "Learns what became of every email, and remembers it.",
        subcommands: [Serve.self, SettingsCommand<TrackerConfiguration>.self], defaultSubcommand: Serve.self)
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Record facts, show the history, and answer the tracking links. Settings come from the environment.")

    @Option(help: "What this process does: all, public (tracking links) or private (recorder, console, API).")
    var role: TrackerProcess.Role = .all

    func run() async throws {
        try await serve("tracker", with: TrackerConfiguration.self) { configuration, logger in
            try await TrackerProcess(configuration: configuration, role: role, logger: logger).services()
        }
    }
}

extension TrackerProcess.Role: ExpressibleByArgument {}
