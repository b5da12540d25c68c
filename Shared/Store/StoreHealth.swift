import Foundation
import Logging
import Synchronization

/// Whether a file can be written just now; notes what goes wrong with it, and says so once.
final class StoreHealth: Sendable {
    private struct State {
        var trouble: StoreError?
        var isClosed = false
        var isInHaste = false
    }

    private let path: String
    private let patience: Duration
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter patience: How long a write waits for a file that another program has locked.
    init(path: String, patience: Duration, logger: Logger) {
        self.path = path
        self.patience = patience
        self.logger = logger
    }

    var trouble: String? { state.withLock { $0.trouble?.description } }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    func close() { state.withLock { $0.isClosed = true } }

    /// What the caller is to be told about `error`; a trouble with the file stays noted until a write succeeds.
    func note(_ error: any Error) -> any Error {
        guard let trouble = error as? StoreError ?? StoreError(error, path: path) else { return error }
        set(trouble)
        return trouble
    }

    /// Ends every trouble but damage, which other writes may well pass by.
    func wroteWell() {
        if case .corrupt = state.withLock({ $0.trouble }) { return }
        set(nil)
    }

    /// SQLite's busy handler: waits 10 to 100 ms a time.
    /// - Returns: Whether to try again.
    func waits(tries: Int) -> Bool {
        let isInHaste = state.withLock { $0.isInHaste }
        let waited = Duration.milliseconds(tries < 10 ? tries * (tries + 1) * 5 : 450 + (tries - 9) * 100)
        guard waited < (isInHaste ? min(patience, .seconds(1)) : patience), !isClosed else { return false }
        if waited > .seconds(1), !isInHaste { set(.locked(path: path)) }
        usleep(UInt32(min(10 + tries * 10, 100)) * 1000)
        return true
    }

    /// Runs `body`, during which nothing waits for long.
    func inHaste(_ body: () -> Void) {
        state.withLock { $0.isInHaste = true }
        body()
        state.withLock { $0.isInHaste = false }
    }

    func logDelayedCheckpoint(_ error: any Error) {
        logger.info("the write-ahead log could not be emptied yet", error: error, metadata: ["path": "\(path)"])
    }

    private func set(_ trouble: StoreError?) {
        let before = state.withLock { state in
            defer { state.trouble = trouble }
            return state.trouble
        }
        guard before != trouble else { return }
        if let trouble {
            logger.error("the store cannot be written", error: trouble, metadata: ["path": "\(path)"])
        } else {
            logger.notice("the store can be written again", metadata: ["path": "\(path)"])
        }
    }
}
