package import Foundation

/// Settings from the environment. Every question notes what is wrong; `check()` then says it all at once.
///
/// An empty value counts as none: compose files set variables that they have nothing for.
package struct Settings {
    /// A variable that was asked for, so that a test can hold the documentation against the code.
    package struct Question: Hashable, Sendable, Encodable {
        package let key: String
        /// As it would be written in the environment; `nil` where there is none.
        package let `default`: String?
        /// Whether `KEY_FILE` is read too.
        package let isSecret: Bool
    }

    private let environment: [String: String]
    private let makesFolders: Bool
    private(set) var complaints: [String] = []
    /// What was asked so far, in order, each variable once.
    package private(set) var questions: [Question] = []

    /// - Parameters:
    ///   - environment: `ProcessInfo.processInfo.environment`, or a test's own.
    ///   - makesFolders: Whether ``folder(_:default:)`` makes what it names; without, it only notes the question.
    package init(environment: [String: String], makesFolders: Bool = true) {
        self.makesFolders = makesFolders
        self.environment = environment.filter { !$0.value.isEmpty }
    }

    /// Required where `default` is `nil`.
    package mutating func string(_ key: String, default: String? = nil) -> String {
        ask(key, default: `default`)
        guard let value = environment[key] ?? `default` else {
            complain("\(key) is not set. \(Self.advice(key))")
            return ""
        }
        return value
    }

    package mutating func stringIfPresent(_ key: String) -> String? {
        ask(key, default: nil)
        return environment[key]
    }

    /// `KEY`, or the content of the file that `KEY_FILE` names, without the line ends at its end. Never logged.
    ///
    /// Required where `default` is `nil`.
    package mutating func secret(_ key: String, default: String? = nil) -> String {
        let before = complaints.count
        ask(key, default: `default`, isSecret: true)
        if let value = readSecret(key) ?? `default` { return value }
        if complaints.count == before { complain("Neither \(key) nor \(key)_FILE is set. \(Self.advice(key))") }
        return ""
    }

    package mutating func secretIfPresent(_ key: String) -> String? {
        ask(key, default: nil, isSecret: true)
        return readSecret(key)
    }

    private mutating func readSecret(_ key: String) -> String? {
        let fileKey = key + "_FILE"
        switch (environment[key], environment[fileKey]) {
        case (let value?, nil): return value
        case (nil, nil): return nil
        case (_?, _?):
            complain("Both \(key) and \(fileKey) are set. Set one of them.")
            return nil
        case (nil, let path?):
            switch SecretFile.read(path) {
            case .success(let value): return value
            case .failure(let fault):
                complain("\(fileKey) names \(path.debugDescription), which \(fault.reason).")
                return nil
            }
        }
    }

    package mutating func int(_ key: String, default: Int, in range: ClosedRange<Int>) -> Int {
        ask(key, default: String(`default`))
        guard let text = environment[key] else { return `default` }
        guard let value = Int(text), range.contains(value) else {
            complain(
                "\(key) is \(text.debugDescription). It must be a whole number from \(range.lowerBound) to \(range.upperBound), such as \(`default`)."
            )
            return `default`
        }
        return value
    }

    package mutating func intIfPresent(_ key: String, in range: ClosedRange<Int>) -> Int? {
        ask(key, default: nil)
        guard let text = environment[key] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            complain(
                "\(key) is \(text.debugDescription). It must be a whole number from \(range.lowerBound) to \(range.upperBound).")
            return nil
        }
        return value
    }

    /// A number of whole seconds.
    package mutating func seconds(_ key: String, default: Duration, in range: ClosedRange<Int>) -> Duration {
        let whole = `default`.components.seconds
        ask(key, default: String(whole))
        guard let text = environment[key] else { return `default` }
        guard let value = Int(text), range.contains(value) else {
            complain(
                "\(key) is \(text.debugDescription). It must be a number of seconds from \(range.lowerBound) to \(range.upperBound), such as \(whole)."
            )
            return `default`
        }
        return .seconds(value)
    }

    /// `host:port`, `[v6]:port` or `:port`.
    package mutating func listen(_ key: String, default: ListenAddress) -> ListenAddress {
        ask(key, default: `default`.description)
        guard let text = environment[key] else { return `default` }
        guard let address = ListenAddress(text) else {
            complain(
                "\(key) is \(text.debugDescription). It must be an address and a port, such as \(`default`), [::1]:8080 or :8080.")
            return `default`
        }
        return address
    }

    /// A folder that exists or can be made, and can be written to. Made readable for its owner alone.
    package mutating func folder(_ key: String, default: String) -> URL {
        ask(key, default: `default`)
        let path = environment[key] ?? `default`
        let url = URL(filePath: path, directoryHint: .isDirectory)
        guard makesFolders else { return url }
        do {
            try FileManager.default.createDirectory(
                at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            complain(
                "\(key) is \(path.debugDescription), where a folder can be neither found nor made. Name one, such as /var/lib/waybill."
            )
            return url
        }
        if access(url.path(percentEncoded: false), W_OK | X_OK) != 0 {
            complain(
                "\(key) is \(path.debugDescription), a folder that this program may not write to. Change its owner or name another."
            )
        }
        return url
    }

    /// An absolute http(s) URL without a trailing slash.
    package mutating func webURL(_ key: String, default: String) -> String {
        ask(key, default: `default`)
        let text = environment[key] ?? `default`
        guard let parts = URLComponents(string: text), ["http", "https"].contains(parts.scheme?.lowercased()),
            let host = parts.host, !host.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            complain(
                "\(key) is \(text.debugDescription). It must be an http or https address without query, such as https://mail.example.com."
            )
            return `default`
        }
        return String(text.reversed().drop { $0 == "/" }.reversed())
    }

    /// For a rule of the caller's own.
    package mutating func complain(_ sentence: String) {
        if !complaints.contains(sentence) { complaints.append(sentence) }
    }

    /// - Throws: ``SettingsError`` with every complaint.
    package func check() throws {
        guard complaints.isEmpty else { throw SettingsError(complaints: complaints) }
    }

    private mutating func ask(_ key: String, default: String?, isSecret: Bool = false) {
        guard !questions.contains(where: { $0.key == key }) else { return }
        questions.append(Question(key: key, default: `default`, isSecret: isSecret))
    }

    /// What a good value looks like, for the variables that must be set.
    private static func advice(_ key: String) -> String {
        switch key {
        case "WAYBILL_AMQP_URL": "It says where RabbitMQ is, such as amqp://user:password@localhost:5672/."
        case "WAYBILL_SECRET": "It signs tokens and links, the same in every service; make one with: openssl rand -base64 48"
        case "WAYBILL_PUBLIC_URL": "It is where recipients reach the tracker, such as https://mail.example.com."
        default: "This service cannot start without it."
        }
    }
}

/// Everything that is wrong with the settings.
package struct SettingsError: Error, Hashable, CustomStringConvertible {
    package let complaints: [String]

    package init(complaints: [String]) {
        self.complaints = complaints
    }

    package var description: String {
        complaints.count == 1
            ? complaints[0]
            : "\(complaints.count) settings are not right:\n" + complaints.map { "  - \($0)" }.joined(separator: "\n")
    }
}
