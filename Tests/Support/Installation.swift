package import Foundation
import Synchronization

/// All of Waybill for one test or benchmark: the four real executables on a virtual host, ports and folders of their own.
package final class Installation: Sendable {
    package enum Program: String, CaseIterable {
        case scheduler, sender, tracker, reminder
    }

    package let folder: URL
    package let brokerURL: String
    private let settings: [String: String]
    private let ports: [String: Int]
    private let running = Mutex<[String: ChildProcess]>([:])
    private let tokens = Mutex<[String: String]>([:])

    package static let secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

    /// - Parameters:
    ///   - brokerURL: A virtual host that nobody else uses.
    ///   - settings: Added to the environment of every program.
    ///   - senders: How many senders get a port.
    private init(brokerURL: String, settings: [String: String] = [:], senders: Int = 1) throws {
        self.brokerURL = brokerURL
        self.settings = settings
        folder = FileManager.default.temporaryDirectory.appending(path: "waybill-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder.appending(path: "logs"), withIntermediateDirectories: true)
        let names = ["scheduler", "tracker", "public", "reminder"] + (1...senders).map { "sender-\($0)" }
        let free = try names.map { _ in try Ports.free() }
        ports = Dictionary(uniqueKeysWithValues: zip(names, free))
    }

    /// Runs `body` with an installation of its own, nothing started yet, and leaves nothing behind however it ends.
    package static func with(
        node: RabbitMQNode? = nil, settings: [String: String] = [:], senders: Int = 1,
        _ body: (Installation) async throws -> Void
    ) async throws {
        let url: String
        if let node { url = node.url } else { url = try await RabbitMQNode.shared.makeVirtualHost() }
        let waybill = try Installation(brokerURL: url, settings: settings, senders: senders)
        do {
            try await body(waybill)
        } catch {
            for log in try FileManager.default.contentsOfDirectory(atPath: waybill.folder.appending(path: "logs").path).sorted() {
                print("--- \(log)\n\(waybill.tail(of: String(log.dropLast(4))))")
            }
            try await waybill.remove()
            throw error
        }
        try await waybill.remove()
    }

    // MARK: Addresses

    package var scheduler: String { address("scheduler") }
    package var tracker: String { address("tracker") }
    package var reminder: String { address("reminder") }
    package var inbox: String { address("sender-1") }
    package func sender(_ number: Int) -> String { address("sender-\(number)") }
    package var publicFront: String { address("public") }

    private func address(_ name: String) -> String { "http://127.0.0.1:\(ports[name] ?? 0)" }

    // MARK: Processes

    /// Starts all four, one sender, and waits until each says that nothing is missing.
    package func startAll() async throws {
        for name in ["scheduler", "tracker", "reminder", "sender-1"] { try start(name) }
        for name in ["scheduler", "tracker", "reminder", "sender-1"] { try await ready(name) }
    }

    /// - Parameters:
    ///   - name: `scheduler`, `tracker`, `reminder`, or `sender-1` and so on. Senders share one data folder; each says its name in EHLO.
    ///   - changes: To this program's environment.
    ///   - tracer: A program and its arguments that runs this one, as the same process.
    @discardableResult
    package func start(_ name: String, changes: [String: String] = [:], under tracer: [String] = []) throws -> ChildProcess {
        let program = name.hasPrefix("sender") ? "sender" : name
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("WAYBILL_") }
        environment["WAYBILL_AMQP_URL"] = brokerURL
        environment["WAYBILL_SECRET"] = Self.secret
        environment["WAYBILL_DATA"] = folder.appending(path: program).path
        environment["WAYBILL_LISTEN"] = "127.0.0.1:\(ports[name] ?? 0)"
        environment["WAYBILL_PUBLIC_LISTEN"] = "127.0.0.1:\(ports["public"] ?? 0)"
        environment["WAYBILL_PUBLIC_URL"] = publicFront
        environment["WAYBILL_HELO"] = name
        environment.merge(settings.merging(changes) { $1 }) { $1 }
        let log = folder.appending(path: "logs/\(name).log").path
        let words = tracer + [Executables.url(program).path, "serve"]
        let process = try ChildProcess(words[0], Array(words.dropFirst()), environment: environment, output: .file(log))
        running.withLock { $0[name] = process }
        return process
    }

    package struct Ended: Error {
        let name: String
        let log: String
    }

    package func ready(_ name: String, within limit: Duration = .seconds(60)) async throws {
        try await eventually(within: limit, "\(name) is ready; its log:\n\(tail(of: name))") {
            guard running.withLock({ $0[name]?.isRunning == true }) else { throw Ended(name: name, log: tail(of: name)) }
            return await HTTP.answers(address(name) + "/readyz")
        }
    }

    /// The process id of a program that runs.
    package func processID(of name: String) -> pid_t? { running.withLock { $0[name]?.id } }

    /// SIGKILL, and waits until it is gone.
    package func kill(_ name: String) async throws { try await end(name, with: SIGKILL) }

    /// SIGTERM, and waits until it has finished what was under way.
    /// - Returns: Its exit status.
    @discardableResult
    package func stop(_ name: String) async throws -> Int32 { try await end(name, with: SIGTERM) }

    package func signal(_ name: String, _ signal: Int32) {
        running.withLock { $0[name] }?.signal(signal)
    }

    @discardableResult
    private func end(_ name: String, with signal: Int32) async throws -> Int32 {
        guard let process = running.withLock({ $0.removeValue(forKey: name) }) else { return 0 }
        process.signal(signal)
        try await eventually(within: .seconds(45), "\(name) has ended") { !process.isRunning }
        return process.status ?? 0
    }

    private func remove() async throws {
        for name in running.withLock({ Array($0.keys) }) { try await kill(name) }
        try FileManager.default.removeItem(at: folder)
    }

    /// The last lines of a program's log, for a failing test's message.
    package func tail(of name: String) -> String {
        let log = (try? String(contentsOf: folder.appending(path: "logs/\(name).log"), encoding: .utf8)) ?? ""
        return log.split(separator: "\n").suffix(15).joined(separator: "\n")
    }

    // MARK: Requests

    /// A token of `organization` with every scope, made by the real command.
    /// - Parameter subject: Whose it is.
    package func token(_ organization: String = "demo", of subject: String = "test") async throws -> String {
        if let known = tokens.withLock({ $0["\(organization) \(subject)"] }) { return known }
        let made = try await Executables.run(
            "scheduler", ["token", "--organization", organization, "--subject", subject],
            environment: ["WAYBILL_SECRET": Self.secret]
        ).trimmingCharacters(in: .whitespacesAndNewlines)
        tokens.withLock { $0["\(organization) \(subject)"] = made }
        return made
    }

    package func submit(_ mailing: [String: Any], organization: String = "demo", key: String? = nil) async throws -> HTTP.Answer {
        try await HTTP.send(
            "POST", scheduler + "/v1/mailings", token: try await token(organization), json: mailing,
            headers: key.map { ["Idempotency-Key": $0] } ?? [:])
    }

    /// What the history says about a mailing.
    package func mailing(_ id: String, organization: String = "demo") async throws -> HTTP.Answer {
        try await HTTP.send("GET", tracker + "/v1/mailings/\(id)", token: try await token(organization))
    }

    /// The mailing's deliveries by state, zeros left out; empty while the history does not know it yet or does not answer.
    package func states(of id: String) async throws -> [String: Int] {
        do {
            return (try await mailing(id).object["states"] as? [String: Int] ?? [:]).filter { $0.value > 0 }
        } catch is HTTP.Unanswered {
            return [:]
        }
    }
}

/// The built programs, beside the test bundle or the program that runs.
package enum Executables {
    package static func url(_ name: String) -> URL {
        URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name)
    }

    /// Runs a program to its end.
    /// - Returns: What it printed.
    package static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> String {
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("WAYBILL_") }
        let process = try ChildProcess(
            url(name).path, arguments, environment: inherited.merging(environment) { $1 }, output: .kept, errors: .nowhere)
        let (status, printed) = try await process.finish()
        guard status == 0 else { throw Trouble("\(name) \(arguments.joined(separator: " ")) ended with status \(status)") }
        return String(decoding: printed, as: UTF8.self)
    }
}
