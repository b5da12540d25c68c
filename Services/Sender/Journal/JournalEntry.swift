import Foundation
import Mail

/// One attempt as its journal knows it: begun, and not yet known to be settled.
struct JournalEntry: Hashable, Sendable {
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
    case answer(Ticket, EncodedFact)
    /// The broker has confirmed that fact.
    case reported(Ticket)

    /// Adds the line: eight hexadecimal digits of CRC-32, a space, JSON, a line feed.
    func append(to lines: inout [UInt8]) throws {
        let sum = lines.count
        lines += "00000000 ".utf8
        let start = lines.count
        switch self {
        case .dot(let entry):
            lines += "{\"dot\":".utf8
            lines += try Wire.encode(entry)
        case .answer(let ticket, let encoded):
            lines += "{\"answer\":".utf8
            lines += encoded.json
            lines += ",\"ticket\":".utf8
            lines += try Wire.encode(ticket)
        case .reported(let ticket):
            lines += "{\"reported\":".utf8
            lines += try Wire.encode(ticket)
        }
        lines.append(UInt8(ascii: "}"))
        var rest = lines.withUnsafeBytes { CRC32.of(UnsafeRawBufferPointer(rebasing: $0[start...])) }
        for place in (sum..<sum + 8).reversed() {
            let digit = UInt8(rest & 15)
            lines[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            rest >>= 4
        }
        lines.append(UInt8(ascii: "\n"))
    }

    /// Reads a line without its line feed; `nil` where it is torn or damaged.
    init?(line: Data) {
        guard line.count > 9, line[line.startIndex + 8] == UInt8(ascii: " "),
            let sum = UInt32(String(decoding: line.prefix(8), as: UTF8.self), radix: 16)
        else { return nil }
        let json = Data(line.dropFirst(9))
        guard json.withUnsafeBytes(CRC32.of) == sum,
            let stored = Result(catching: { try Wire.decode(Stored.self, from: json) }).success
        else {
            return nil
        }
        if let entry = stored.dot {
            self = .dot(entry)
        } else if let ticket = stored.ticket, let fact = stored.answer,
            let encoded = Result(catching: { try EncodedFact(fact) }).success
        {
            self = .answer(ticket, encoded)
        } else if let ticket = stored.reported {
            self = .reported(ticket)
        } else {
            return nil
        }
    }

    private struct Stored: Decodable {
        var dot: JournalEntry?
        var ticket: Ticket?
        var answer: Fact?
        var reported: Ticket?
    }
}

extension JournalEntry: JSONRecord {
    init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        attempt = try members.read("attempt")
        mailing = try members.read("mailing")
        organization = try members.read("organization")
        startedAt = try members.read("startedAt")
        dotAt = try members.read("dotAt")
    }

    func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("attempt", attempt)
        try output.member("mailing", mailing)
        try output.member("organization", organization)
        try output.member("startedAt", startedAt)
        try output.member("dotAt", dotAt)
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
    /// Eight bytes at a time.
    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            var sum = ~UInt32(0)
            var at = 0
            while at + 8 <= bytes.count {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)) ^ UInt64(sum)
                sum = 0
                for place in 0..<8 { sum ^= tables[(7 - place) * 256 + Int(word >> (8 * UInt64(place)) & 0xFF)] }
                at += 8
            }
            for byte in bytes[at...] { sum = tables[Int((sum ^ UInt32(byte)) & 0xFF)] ^ (sum >> 8) }
            return ~sum
        }
    }

    /// What a byte adds with 0, 1 … 7 bytes after it, 256 values each.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = []
        for byte in 0..<UInt32(256) {
            tables.append((0..<8).reduce(byte) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 })
        }
        for place in 256..<2048 {
            let shorter = tables[place - 256]
            tables.append(tables[Int(shorter & 0xFF)] ^ (shorter >> 8))
        }
        return tables
    }()
}
