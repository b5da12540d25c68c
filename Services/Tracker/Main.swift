import ArgumentParser
import Foundation
import Runtime

@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tracker", abstract: "Learns what became of every email, and remembers it.", subcommands: [Serve.self],
        defaultSubcommand: Serve.self)
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Record facts, show the history, and answer the tracking links. Settings come from the environment.")

    @Option(help: "What this process does: all, public (tracking links) or private (recorder, console, API).")
    var role: TrackerProcess.Role = .all

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let logger = Telemetry.start(service: "tracker", environment: environment)
        let process = TrackerProcess(
            configuration: try TrackerConfiguration(environment: environment), role: role, logger: logger)
        try await runUntilSignalled(try await process.services(), logger: logger)
    }
}

extension TrackerProcess.Role: ExpressibleByArgument {}
