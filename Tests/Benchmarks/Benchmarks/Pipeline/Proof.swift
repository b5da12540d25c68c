import Foundation
import GRDB
import Mail
import Support

/// That nothing was lost and nothing came twice: what was submitted, what the sink took and what the history says are the same.
struct Proof {
    /// When the history's last row was written, in seconds since 1970.
    let lastRowAt: Double

    /// - Parameter history: The tracker's file, which nobody has open any more.
    /// - Throws: `Trouble` with the figures where they differ.
    init(submitted: [Submitted], taken: [SinkLedger.Entry], history: URL) throws {
        let expected = Set(
            submitted.flatMap(\.deliveries).map { Copy(messageID: "\($0.id)@example.com", recipient: $0.address) })
        let copies = taken.map { Copy(messageID: $0.messageID, recipient: $0.recipient) }
        let lost = expected.subtracting(copies).count
        let twice = copies.count - Set(copies).count
        let strange = Set(copies).subtracting(expected).count
        guard lost == 0, twice == 0, strange == 0 else {
            throw Trouble("No figures: at the sink \(lost) are lost, \(twice) came twice, \(strange) are unknown.")
        }
        let file = try DatabaseQueue(path: history.path)
        let (rows, delivered, facts, last) = try file.read { database in
            (
                try Int.fetchOne(database, sql: "SELECT count(*) FROM deliveries WHERE state = 'delivered'") ?? 0,
                try Int.fetchOne(database, sql: "SELECT count(DISTINCT delivery) FROM facts WHERE kind = 'attempt.delivered'") ?? 0,
                try Int.fetchOne(database, sql: "SELECT count(*) FROM facts WHERE kind = 'attempt.delivered'") ?? 0,
                try Int64.fetchOne(database, sql: "SELECT max(recorded_at) FROM facts WHERE kind <> 'session.ended'") ?? 0
            )
        }
        guard rows == expected.count, delivered == expected.count, facts == expected.count else {
            throw Trouble("No figures: of \(expected.count) mails the history has \(rows) delivered, told by \(facts) facts.")
        }
        lastRowAt = Double(last) / 1e6
    }

    private struct Copy: Hashable {
        let messageID: String
        let recipient: String
    }
}
