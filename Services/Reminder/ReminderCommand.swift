import ArgumentParser
import Runtime

/// Watches what expires and reminds people of it in time.
@main
struct ReminderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reminder", abstract: "Watches what expires and reminds people of it in time.",
        subcommands: [Serve.self, Preview.self, SettingsCommand<ReminderConfiguration>.self], defaultSubcommand: Serve.self)
}
