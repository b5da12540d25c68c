import Foundation
import Mail

/// What a journal's records amount to: the attempts that nobody has been told about yet.
struct JournalState: Hashable, Sendable {
    private(set) var unsettled: [Ticket: Standing] = [:]

    enum Standing: Hashable, Sendable {
        case dotSent(JournalEntry)
        case answered(EncodedFact)
    }

    mutating func apply(_ record: JournalRecord) {
        switch record {
        case .dot(let entry): unsettled[entry.ticket] = .dotSent(entry)
        case .answer(let ticket, let fact): unsettled[ticket] = .answered(fact)
        case .reported(let ticket): unsettled[ticket] = nil
        }
    }

    /// Reads a journal's bytes. A last line that was torn off by a crash counts for nothing, as does one that is damaged.
    static func read(_ bytes: Data) -> (state: JournalState, damagedLines: Int) {
        var state = JournalState()
        var damaged = 0
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // What stands after the last line feed is torn, or nothing.
        lines.removeLast()
        for line in lines {
            if let record = JournalRecord(line: line) { state.apply(record) } else { damaged += 1 }
        }
        return (state, damaged)
    }

    /// The records that lead to this state.
    var records: [JournalRecord] {
        unsettled.map { ticket, standing in
            switch standing {
            case .dotSent(let entry): .dot(entry)
            case .answered(let fact): .answer(ticket, fact)
            }
        }
    }

    /// What is left to be published before the session can be said to have ended: answers as they were, and for each message
    /// that may have left without one that nobody knows.
    func facts(of session: SessionID) -> [Fact] {
        unsettled.values.map { standing in
            switch standing {
            case .dotSent(let entry): entry.uncertain(session: session)
            case .answered(let encoded): encoded.fact
            }
        }
        .sorted { $0.occurredAt < $1.occurredAt }
    }
}

extension SessionID {
    /// That this session is over. Published after everything its journal knew; the same fact however often.
    func ended(at now: Timestamp) -> Fact {
        // A session serves every organization.
        Fact(
            id: .derived(from: "session.ended", description), organization: "", occurredAt: now,
            body: .sessionEnded(SessionEnded(session: self)))
    }
}
