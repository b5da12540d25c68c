import ArgumentParser
import Runtime

@main
struct Main: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sender", abstract: "Sends the mail that the scheduler hands out and reports what became of it.",
        subcommands: [
            Serve.self, ClassifyReply.self, Compose.self, RewriteLinks.self, MakeDKIMKey.self,
            SettingsCommand<SenderConfiguration>.self,
        ],
        defaultSubcommand: Serve.self)
}
