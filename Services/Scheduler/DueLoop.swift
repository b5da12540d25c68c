import Logging
import Mail
import Runtime
import ServiceLifecycle
import Synchronization

/// The only reader of the clock that decides when: moves on whatever falls due, and sleeps exactly until the next does.
struct DueLoop: Service {
    let ledger: Ledger
    let logger: Logger
    /// Deliveries in one transaction.
    let batch = 500
    /// The longest sleep, so that a clock that was put right is noticed.
    let longestSleep: Duration = .seconds(60)
    private let forgetInterval: Duration = .seconds(3600)

    init(ledger: Ledger, logger: Logger) {
        self.ledger = ledger
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var forgetAt = ledger.time.now()
            while !Task.isCancelled {
                do {
                    if ledger.time.now() >= forgetAt {
                        try await ledger.forget()
                        forgetAt = ledger.time.now() + forgetInterval
                    }
                    // While this looks, whatever is set raises the signal.
                    ledger.dueLoopWakesAt.withLock { $0 = Timestamp(microseconds: .max) }
                    let next = try await ledger.nextDue()
                    let now = ledger.time.now()
                    if let next, next <= now {
                        while try await ledger.advanceDue(atMost: batch) == batch {}
                        continue
                    }
                    let wakesAt = min(next ?? now + longestSleep, now + longestSleep)
                    ledger.dueLoopWakesAt.withLock { $0 = wakesAt }
                    await ledger.dueChanged.wait(atMost: wakesAt - now, time: ledger.time)
                } catch is CancellationError {
                    return
                } catch {
                    logger.error("What is due could not be moved on; trying again", metadata: ["error": "\(error)"])
                    await Retry.pause(ledger.time)
                }
            }
        }
    }
}
