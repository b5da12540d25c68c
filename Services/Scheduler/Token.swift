import ArgumentParser
import Foundation
import Mail
import Runtime

/// Issues an API token.
struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints an API token.",
        discussion: "Signs with WAYBILL_SECRET (or the file that WAYBILL_SECRET_FILE names): the same as the services'.")

    @Option(help: "The organization that the token belongs to.")
    var organization: String

    @Option(name: [.customLong("name"), .customLong("subject")], help: "Who uses the token: a name for the history.")
    var name = "api"

    @Option(help: "What it allows, separated by commas: \(Principal.Scope.allCases.map(\.rawValue).joined(separator: ", ")).")
    var scopes = Principal.Scope.allCases.map(\.rawValue).joined(separator: ",")

    @Option(help: "How long it is valid, in days, 1 to 3650.")
    var days = 365

    func validate() throws {
        guard HeaderText.isLabel(organization, upTo: 64) else {
            throw ValidationError("An organization is named by letters, digits and . _ ~ -, at most 64.")
        }
        guard (1...255).contains(name.utf8.count), HeaderText.stranger(in: name) == nil else {
            throw ValidationError("The name has 1 to 255 bytes without control characters.")
        }
        guard (1...3650).contains(days) else { throw ValidationError("A token is valid for 1 to 3650 days.") }
        _ = try scopeSet()
    }

    func run() async throws {
        var settings = Settings(environment: ProcessInfo.processInfo.environment)
        let secret = settings.secret("WAYBILL_SECRET")
        try settings.check()
        let principal = Principal(organization: organization, subject: name, scopes: try scopeSet())
        print(
            try await APITokens(secret: secret)
                .issue(principal, validFor: .seconds(days * 86_400), at: TimeSource.system.now()))
    }

    private func scopeSet() throws -> Set<Principal.Scope> {
        let words = scopes.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let known = words.compactMap(Principal.Scope.init(rawValue:))
        guard !words.isEmpty, known.count == words.count else {
            throw ValidationError("Scopes are \(Principal.Scope.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        return Set(known)
    }
}
