import Foundation
import Synchronization

/// What the sink took, kept in memory until it is asked for: writing while mail comes would measure the disk.
final class SinkLedger: Sendable {
    /// One message to one recipient.
    struct Entry: Codable, Sendable {
        let messageID: String
        let recipient: String
        let isSigned: Bool
        /// In bytes, on the wire.
        let size: Int
        /// Seconds since 1970.
        let takenAt: Double
    }

    private let entries = Mutex<[Entry]>([])

    var count: Int { entries.withLock { $0.count } }

    func note(messageID: String, recipients: [String], isSigned: Bool, size: Int) {
        let now = Date().timeIntervalSince1970
        entries.withLock { entries in
            for recipient in recipients {
                entries.append(Entry(messageID: messageID, recipient: recipient, isSigned: isSigned, size: size, takenAt: now))
            }
        }
    }

    func write(to path: String) throws {
        try JSONEncoder().encode(entries.withLock { $0 }).write(to: URL(filePath: path))
    }
}
