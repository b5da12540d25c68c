import ArgumentParser
import Runtime

/// Decides what may be sent, and when.
@main
struct SchedulerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduler", abstract: "Decides which mail may be sent, and when.",
        subcommands: [Serve.self, Token.self, SettingsCommand<SchedulerConfiguration>.self], defaultSubcommand: Serve.self)
}
