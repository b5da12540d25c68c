import ArgumentParser
import Foundation
import Mail
import Runtime

/// Shows what a collection's reminders would be, without a service or a broker.
struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows when each reminder of a collection would go out.",
        discussion: "Reads the JSON that PUT /v1/collections/{id} takes, and prints one line of JSON for each reminder.")

    @Argument(help: "A file, or - for standard input.")
    var file = "-"

    @Option(help: "The moment to look from, such as 2026-12-01T08:00:00Z.")
    var now: String?

    func run() async throws {
        guard let moment = now.map({ Timestamp($0) }) ?? TimeSource.system.now() else {
            throw ValidationError("--now is a moment such as 2026-12-01T08:00:00Z.")
        }
        for line in try Self.lines(for: try read(), at: moment) { print(line) }
    }

    private func read() throws -> Data {
        if file == "-" { return try FileHandle.standardInput.readToEnd() ?? Data() }
        do {
            return try Data(contentsOf: URL(filePath: file))
        } catch {
            throw ValidationError("The file \(file) cannot be read: \(error.localizedDescription)")
        }
    }

    /// What is printed.
    /// - Throws: ``CollectionDocument/Refusal``, or `Wire.Unreadable` where the body is no JSON.
    static func lines(for body: Data, at now: Timestamp) throws -> [String] {
        let document = try CollectionDocument(reading: try Wire.decode(JSONTree.self, from: body))
        let expiry = try Expiry(of: document)
        return try expiry.occurrences(of: document, in: "preview", collection: "preview").map { occurrence in
            let isLate = occurrence.dueAt <= now
            return String(
                decoding: try Wire.encode(
                    Line(
                        daysBefore: occurrence.daysBefore, dueAt: occurrence.dueAt, expiresAt: expiry.moment,
                        recipients: document.audience.count, state: isLate ? .skipped : .planned,
                        detail: isLate ? Plan.tooLate : nil)),
                as: UTF8.self)
        }
    }

    private struct Line: Encodable {
        let daysBefore: Int
        let dueAt: Timestamp
        let expiresAt: Timestamp
        let recipients: Int
        let state: Reminder.State
        let detail: String?
    }
}
