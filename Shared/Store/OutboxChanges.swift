import GRDB
import Synchronization

/// Tells the relay at once when a commit has put something into the outbox.
final class OutboxChanges: TransactionObserver, Sendable {
    private let listener = Mutex<AsyncStream<Void>.Continuation?>(nil)
    private let hasInserted = Mutex(false)

    /// Commits from now on, and one element at once for what is there already. One element stands for any number of commits.
    /// The last to listen hears them.
    func listen() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        continuation.yield()
        listener.withLock { $0 = continuation }
        return stream
    }

    /// Wakes the relay for another reason.
    func wake() { _ = listener.withLock { $0?.yield() } }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool {
        if case .insert("outbox") = eventKind { true } else { false }
    }

    func databaseDidChange(with event: DatabaseEvent) { hasInserted.withLock { $0 = true } }

    func databaseDidCommit(_ database: Database) {
        let mustWake = hasInserted.withLock { hasInserted in
            defer { hasInserted = false }
            return hasInserted
        }
        if mustWake { wake() }
    }

    func databaseDidRollback(_ database: Database) { hasInserted.withLock { $0 = false } }
}
