package import Foundation
package import HTTPTypes
package import Hummingbird
package import Logging
package import Mail
package import NIOCore
package import ServiceLifecycle

/// The time, and waiting for it. Tests bring their own.
package struct TimeSource: Sendable {
    package let now: @Sendable () -> Timestamp
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async throws -> Void) {
        self.now = now
        self.sleep = sleep
    }

    /// The system's clock.
    package static let system = TimeSource(now: { Timestamp(Date()) }, sleep: { try await Task.sleep(for: $0) })
}

extension ID {
    /// A new name, made now.
    package static func fresh() -> ID {
        var random = SystemRandomNumberGenerator()
        return v7(at: Timestamp(Date()), random: &random)
    }
}

/// Settings from the environment. Every question notes what is wrong; `check()` then says it all at once.
package struct Settings {
    /// - Parameter environment: `ProcessInfo.processInfo.environment`, or a test's own.
    package init(environment: [String: String]) { fatalError("being written") }

    package mutating func string(_ key: String, default: String? = nil) -> String { fatalError("being written") }
    /// `KEY`, or the content of the file that `KEY_FILE` names. Never logged.
    package mutating func secret(_ key: String) -> String { fatalError("being written") }
    package mutating func secretIfPresent(_ key: String) -> String? { fatalError("being written") }
    package mutating func int(_ key: String, default: Int, in range: ClosedRange<Int>) -> Int { fatalError("being written") }
    package mutating func seconds(_ key: String, default: Duration, in range: ClosedRange<Int>) -> Duration {
        fatalError("being written")
    }
    /// `host:port`, `[v6]:port` or `:port`.
    package mutating func listen(_ key: String, default: ListenAddress) -> ListenAddress { fatalError("being written") }
    /// An existing or creatable folder.
    package mutating func folder(_ key: String, default: String) -> URL { fatalError("being written") }
    /// An absolute http(s) URL without a trailing slash.
    package mutating func webURL(_ key: String, default: String) -> String { fatalError("being written") }
    /// For a rule of the caller's own.
    package mutating func complain(_ sentence: String) { fatalError("being written") }
    /// - Throws: ``SettingsError`` with every complaint.
    package func check() throws { fatalError("being written") }
}

package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What a service needs in order to do its job. `/readyz` lists what is missing.
package final class Readiness: Sendable {
    package init() {}
    /// - Parameter trouble: What is missing just now, in words; `nil` when all is well.
    package func require(_ name: String, trouble: @escaping @Sendable () -> String?) { fatalError("being written") }
    package func troubles() -> [(name: String, trouble: String)] { fatalError("being written") }
}

/// A refusal as RFC 9457 has it: what is wrong, where, and what would be right.
package struct Problem: Error, HTTPResponseError, Sendable {
    package let status: HTTPResponse.Status
    /// Short and always the same for one kind of problem.
    package let title: String
    /// About this very case.
    package let detail: String
    /// One entry for each fault found, with a JSON pointer where there is one.
    package let faults: [Fault]

    package struct Fault: Hashable, Sendable, Codable {
        package let pointer: String?
        package let detail: String
        package init(pointer: String? = nil, detail: String) {
            self.pointer = pointer
            self.detail = detail
        }
    }

    package init(_ status: HTTPResponse.Status, _ title: String, detail: String, faults: [Fault] = []) {
        self.status = status
        self.title = title
        self.detail = detail
        self.faults = faults
    }

    package func response(from request: Request, context: some RequestContext) throws -> Response { fatalError("being written") }
}

/// Who is asking: what an API token says, once verified.
package struct Principal: Hashable, Sendable {
    package let organization: String
    /// The token's subject: a name for the history.
    package let subject: String
    package let scopes: Set<Scope>

    package enum Scope: String, CaseIterable, Sendable, Codable {
        /// Submit, cancel, resolve mailings.
        case send
        /// Read the history, see the console.
        case read
        /// Manage collections and reminders.
        case remind
    }

    package init(organization: String, subject: String, scopes: Set<Scope>) {
        self.organization = organization
        self.subject = subject
        self.scopes = scopes
    }
}

/// Issues and verifies API tokens: JWTs signed with HS256 under a key derived from `WAYBILL_SECRET`.
package struct APITokens: Sendable {
    package init(secret: String) async throws { fatalError("being written") }
    package func issue(_ principal: Principal, validFor: Duration, at now: Timestamp) async throws -> String {
        fatalError("being written")
    }
    /// - Throws: ``Problem`` 401 in words.
    package func verify(_ token: String, at now: Timestamp) async throws -> Principal { fatalError("being written") }
}

/// The request context of our HTTP interfaces.
package struct WebContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Set by `Authentication`; `nil` on routes without it.
    package var principal: Principal?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
    }

    package func require(_ scope: Principal.Scope) throws -> Principal { fatalError("being written") }
}

/// Lets a request through only with a valid `Authorization: Bearer` token and puts its principal into the context.
package struct Authentication: RouterMiddleware {
    package typealias Context = WebContext
    package init(tokens: APITokens, time: TimeSource) { fatalError("being written") }
    package func handle(_ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response) async throws
        -> Response
    { fatalError("being written") }
}

extension Request {
    /// Reads the JSON body into `type`, refusing more than `limit` bytes (413), other content types (415), malformed JSON (400) and
    /// wrong or unknown fields (422), each as a ``Problem``.
    package func decodeJSON<Value: Decodable>(_ type: Value.Type, upTo limit: Int, context: WebContext) async throws -> Value {
        fatalError("being written")
    }
}

extension Response {
    /// A JSON answer with sorted keys.
    package static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws
        -> Response
    { fatalError("being written") }
}

/// An HTTP server with limits on everything a client can draw out: header size, idle time, body time, connections.
package struct WebServer: Service {
    /// - Parameters:
    ///   - monitored: Adds `/healthz`, `/readyz` and `/metrics`; `nil` for public servers.
    package init(
        name: String, listen: ListenAddress, router: Router<WebContext>, monitored: Readiness?, logger: Logger
    ) { fatalError("being written") }
    package func run() async throws { fatalError("being written") }
}

/// Starts logging and metrics once for the process.
package enum Telemetry {
    /// Structured logs, one JSON object or `key=value` line each, to standard error; level from `WAYBILL_LOG_LEVEL`.
    package static func start(service: String, environment: [String: String]) -> Logger { fatalError("being written") }
}

/// Runs services until SIGTERM or SIGINT, then stops them in reverse order within a bounded time.
package func runUntilSignalled(_ services: [any Service], within limit: Duration = .seconds(25), logger: Logger) async throws {
    fatalError("being written")
}
