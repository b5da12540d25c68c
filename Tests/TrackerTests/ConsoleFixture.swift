import Broker
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Mail
import NIOCore
import Runtime
import Store
import Synchronization

@testable import Tracker

/// A console over a history of its own, in a folder of its own.
final class ConsoleFixture: Sendable {
    static let organization = "studio"
    static let secret = String(repeating: "s3cret", count: 8)
    /// Sunday 22 November 2026, 12:00 UTC.
    static let now = Timestamp(microseconds: 1_795_348_800_000_000)

    let folder: URL
    let store: StoreFile
    let live = LiveUpdates()
    let tokens: APITokens
    let sent = Mutex<[Message]>([])
    let time: TimeSource

    init(now: Timestamp = ConsoleFixture.now) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("console-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        store = try StoreFile.open(in: folder, name: "tracker", migrations: Schema.migrations, logger: Logger(label: "test"))
        tokens = try await APITokens(secret: Self.secret)
        time = TimeSource(now: { now }, sleep: { try await Task.sleep(for: $0) })
    }

    deinit {
        do {
            try store.close()
            try FileManager.default.removeItem(at: folder)
        } catch {
            Logger(label: "test").warning("a test's folder stays behind", metadata: ["error": "\(error)"])
        }
    }

    /// - Parameter failure: What handing a command to the queue throws.
    func router(failure: (any Error)? = nil) -> Router<WebContext> {
        let router = Router(context: WebContext.self)
        ConsoleRoutes(
            history: History(store: store), live: live, tokens: tokens, time: time,
            commands: CommandSender { [self] message, _ in
                if let failure { throw failure }
                sent.withLock { $0.append(message) }
            }, logger: Logger(label: "test")
        ).add(to: router)
        return router
    }

    func token(
        organization: String = ConsoleFixture.organization, scopes: Set<Principal.Scope> = [.read, .send],
        validFor: Duration = .seconds(3600), at now: Timestamp? = nil
    ) async throws -> String {
        try await tokens.issue(
            Principal(organization: organization, subject: "ann-at-the-desk", scopes: scopes), validFor: validFor,
            at: now ?? time.now())
    }

    func record(_ facts: [Fact]) async throws {
        let entries = try facts.map { FactLog.Entry(fact: $0, text: String(decoding: try Wire.encode($0), as: UTF8.self)) }
        let now = time.now()
        for start in stride(from: 0, to: entries.count, by: 500) {
            let part = Array(entries[start..<min(start + 500, entries.count)])
            try await store.write { database in _ = try Projection.record(part, at: now, in: database) }
        }
        live.nudge()
    }
}

/// One request of a browser that has signed in.
struct Visit: Sendable {
    let client: any TestClientProtocol
    let token: String

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        var fields = headers
        fields[.cookie] = "\(Visitor.cookie)=\(token)"
        return try await client.execute(uri: path, method: .get, headers: fields)
    }

    /// Sends a form as a browser sends it from our own page, unless told otherwise.
    func post(_ path: String, _ form: [String: String], origin: String? = "http://localhost", host: String = "localhost")
        async throws -> TestResponse
    {
        var fields: HTTPFields = [.cookie: "\(Visitor.cookie)=\(token)", .contentType: "application/x-www-form-urlencoded"]
        if let origin { fields[.origin] = origin }
        return try await client.execute(uri: path, method: .post, headers: fields, body: Form.encode(form))
    }
}

enum Form {
    static func encode(_ form: [String: String]) -> ByteBuffer {
        let pairs = form.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }
        return ByteBuffer(string: pairs.joined(separator: "&"))
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }
}
