import Foundation
import GRDB
import Synchronization

/// Keeps the write-ahead log from growing for ever: SQLite moves it into the file by itself, but starts it anew only
/// when no reader looks at it, which readers that overlap can put off for good.
final class WriteAheadLog: Sendable {
    /// In bytes.
    static let tolerated = 64 << 20  // and `journal_size_limit`: a log that SQLite starts anew is cut to this
    private static let pause = Duration.seconds(2)

    private let path: String
    private let health: StoreHealth
    private let nextTry = Mutex(ContinuousClock.now)

    /// - Parameter path: The database's.
    init(of path: String, health: StoreHealth) {
        self.path = path + "-wal"
        self.health = health
    }

    /// Empties the log where it has grown too long. On the writer's connection.
    func keepShort(_ database: Database) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size > Self.tolerated else { return }
        let now = ContinuousClock.now
        guard nextTry.withLock({ $0 <= now }) else { return }
        nextTry.withLock { $0 = now + Self.pause }
        empty(database)
    }

    /// Moves the log into the file, waiting at most a second for the readers. On the writer's connection.
    func empty(_ database: Database) {
        health.inHaste {
            do {
                try database.checkpoint(.truncate)
            } catch {
                // Readers are in the way or the disk is; what was committed is safe in the log and the next try comes soon.
                health.logDelayedCheckpoint(error)
            }
        }
    }
}
