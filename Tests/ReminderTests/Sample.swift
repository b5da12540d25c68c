import Foundation
import GRDB
import Logging
import Mail
import Runtime
import Store
import Support

@testable import Reminder

/// Things to test with.
enum Sample {
    static let organization = "studio"
    static let secret = String(repeating: "s", count: 32)
    /// 2026-12-01T08:00:00Z
    static let now = Timestamp(microseconds: 1_796_112_000_000_000)
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func moment(_ text: String) -> Timestamp { Timestamp(text) ?? Timestamp(microseconds: 0) }

    /// A document that is right in every way, as JSON.
    static let fields: [String: String] = [
        "name": #""Smith wedding""#, "link": #""https://example.com/gallery/smith""#, "expiresOn": #""2026-12-24""#,
        "timeZone": #""Europe/Berlin""#, "reminders": #"[{"daysBefore":7,"at":"09:00"}]"#,
        "audience": #"{"fixed":["ann@example.net","bob@Example.org"]}"#,
        "from": #"{"address":"studio@example.com","name":"Studio"}"#, "subject": #""{{collection}} closes on {{expires}}""#,
        "html": #""<a href=\"{{link}}\">{{days}} days left</a>""#,
    ]

    /// That document with some fields changed; `nil` leaves one out.
    static func json(_ changes: [String: String?] = [:]) -> Data {
        var fields = fields
        for (name, value) in changes { fields[name] = value }
        return Data(("{" + fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}").utf8)
    }

    static func document(_ changes: [String: String?] = [:]) throws -> CollectionDocument {
        try CollectionDocument(reading: try Wire.decode(JSONTree.self, from: json(changes)))
    }
}

/// An agenda in a folder of its own, and what it would publish.
struct TestAgenda {
    let folder: TemporaryFolder
    let time: ManualTime
    let agenda: Agenda

    init(at now: Timestamp = Sample.now, folder: TemporaryFolder? = nil) throws {
        self.folder = try folder ?? TemporaryFolder()
        time = ManualTime(now)
        let store = try StoreFile.open(
            in: self.folder.url, name: "reminder", migrations: Schema.migrations, logger: Sample.logger)
        agenda = Agenda(store: store, time: time.source)
    }

    @discardableResult
    func put(_ changes: [String: String?] = [:], as id: String = "smith") async throws -> Agenda.Putting {
        try await agenda.put(try Sample.document(changes), as: id, of: Sample.organization)
    }

    func issueAll() async throws {
        while try await agenda.issueNext() {}
    }

    func reminders(of id: String = "smith") async throws -> [Agenda.Entry] {
        try await agenda.reminders(of: id, in: Sample.organization)
    }

    /// The facts that wait to be published, as `kind due detail`.
    func facts() async throws -> [Fact] {
        try await agenda.store.read { try waitingFacts(in: $0) }
    }

    func kinds() async throws -> [String] { try await facts().map(\.kind.rawValue) }

    /// The mailings that wait to be submitted.
    func submissions() async throws -> [(mailing: MailingID, submission: Submission)] {
        let rows = try await agenda.store.read { database in
            try Row.fetchAll(
                database, sql: "SELECT routing_key, body FROM outbox WHERE exchange = 'waybill.commands' ORDER BY id"
            ).map { row in (key: row["routing_key"] as String, body: row["body"] as Data) }
        }
        return try rows.compactMap { row in
            guard case .submitMailing(_, let mailing, let submission) = try Command(kind: row.key, version: 1, body: row.body)
            else {
                return nil
            }
            return (mailing, submission)
        }
    }
}
