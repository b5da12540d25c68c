import Logging
import Mail
import Runtime
import ServiceLifecycle

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
                    while try await ledger.advanceDue(atMost: batch) == batch {}
                    if ledger.time.now() >= forgetAt {
                        try await ledger.forget()
                        forgetAt = ledger.time.now() + forgetInterval
                    }
                    let next = try await ledger.nextDue().map { $0 - ledger.time.now() } ?? longestSleep
                    if next > .zero { await ledger.dueChanged.wait(atMost: min(next, longestSleep), time: ledger.time) }
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
