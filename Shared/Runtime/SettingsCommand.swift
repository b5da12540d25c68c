package import ArgumentParser
import Foundation

/// `settings`: prints what can be set, for people and for the test that holds the documentation against it.
package struct SettingsCommand<Configuration: ServiceConfiguration>: ParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "settings", abstract: "Prints what can be set in the environment, and the defaults, as JSON.")
    }

    package init() {}

    package func run() throws {
        var settings = Settings(environment: [:], makesFolders: false)
        do {
            _ = try Configuration.asked(of: &settings)
        } catch is SettingsError {
            // Nothing is set here, and some things must be.
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(settings.questions), as: UTF8.self))
    }
}
