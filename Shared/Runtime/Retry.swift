package import Logging

/// Work that must not be given up because the store has no room or is busy: it is tried until it works or the service stops.
package enum Retry {
    /// Waits a second before the caller's loop looks again; not at all where the task is cancelled.
    package static func pause(_ time: TimeSource) async {
        do { try await time.sleep(.seconds(1)) } catch { return }  // Cancelled: the caller's loop looks.
    }

    /// Runs `body` until it succeeds.
    /// - Parameter isFinal: Errors that trying again cannot mend; they are thrown.
    /// - Throws: `CancellationError` when the task is cancelled first, or a final error.
    package static func untilDone<Value>(
        _ what: StaticString, time: TimeSource, logger: Logger, isFinal: (any Error) -> Bool = { _ in false },
        _ body: () async throws -> Value
    ) async throws -> Value {
        while true {
            do {
                return try await body()
            } catch let error as CancellationError {
                throw error
            } catch  where isFinal(error) {
                throw error
            } catch {
                logger.error("Work failed; trying again", metadata: ["work": "\(what)", "error": "\(error)"])
                try Task.checkCancellation()
                try await time.sleep(.seconds(1))
            }
        }
    }
}
