import Foundation
import Mail

/// One attempt as its journal knows it: begun, and not yet known to be settled.
struct JournalEntry: Hashable, Sendable, Codable {
    let delivery: DeliveryID
    let attempt: Int
    let mailing: MailingID
    let organization: String
    /// When the attempt began.
    let startedAt: Timestamp
    /// When the final dot was about to be sent.
    let dotAt: Timestamp

    var ticket: Ticket { Ticket(delivery: delivery, attempt: attempt) }

    /// The id of the fact that this attempt is uncertain, whoever comes to say so.
    static func uncertainID(session: SessionID, ticket: Ticket) -> FactID {
        .derived(from: "attempt.uncertain", session.description, ticket.delivery.description, String(ticket.attempt))
    }

    /// What is to be said of an attempt whose answer nobody read. The same words under the same id however often they are derived.
    func uncertain(session: SessionID) -> Fact {
        Fact(
            id: Self.uncertainID(session: session, ticket: ticket), organization: organization, occurredAt: dotAt,
            body: .attemptUncertain(
                AttemptEnded(
                    delivery: delivery, mailing: mailing, attempt: attempt, session: session, startedAt: startedAt,
                    detail: "The sender stopped after it had sent the message and before it read the server's answer.")))
    }
}

/// One line of a journal.
enum JournalRecord: Hashable, Sendable {
    /// The message is about to be completed: from here on it may have left.
    case dot(JournalEntry)
    /// The attempt is over: the fact that is to be published about it.
    case answer(Ticket, Fact)
    /// The broker has confirmed that fact.
    case reported(Ticket)

    /// The line: eight hexadecimal digits of CRC-32, a space, JSON, a line feed.
    func line() throws -> Data {
        let stored =
            switch self {
            case .dot(let entry): Stored(dot: entry)
            case .answer(let ticket, let fact): Stored(ticket: ticket, answer: fact)
            case .reported(let ticket): Stored(reported: ticket)
            }
        let json = try Wire.encode(stored)
        let digits = String(CRC32.of(json), radix: 16)
        var line = Data((String(repeating: "0", count: 8 - digits.utf8.count) + digits + " ").utf8)
        line += json
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// Reads a line without its line feed; `nil` where it is torn or damaged.
    init?(line: Data) {
        guard line.count > 9, line[line.startIndex + 8] == UInt8(ascii: " "),
            let sum = UInt32(String(decoding: line.prefix(8), as: UTF8.self), radix: 16)
        else { return nil }
        let json = Data(line.dropFirst(9))
        guard CRC32.of(json) == sum, let stored = Result(catching: { try Wire.decode(Stored.self, from: json) }).success else {
            return nil
        }
        if let entry = stored.dot {
            self = .dot(entry)
        } else if let ticket = stored.ticket, let fact = stored.answer {
            self = .answer(ticket, fact)
        } else if let ticket = stored.reported {
            self = .reported(ticket)
        } else {
            return nil
        }
    }

    private struct Stored: Codable {
        var dot: JournalEntry?
        var ticket: Ticket?
        var answer: Fact?
        var reported: Ticket?
    }
}

extension Result {
    /// The value, where a failure needs no explanation beyond that there is none.
    fileprivate var success: Success? {
        switch self {
        case .success(let value): value
        case .failure: nil
        }
    }
}

/// CRC-32 as in IEEE 802.3, to tell a torn line from a whole one.
enum CRC32 {
    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~0) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ ($0 >> 8) }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }
}
