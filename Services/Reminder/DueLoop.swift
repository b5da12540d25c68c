import Logging
import Mail
import Runtime
import ServiceLifecycle

/// The only reader of the clock: issues whatever falls due, and sleeps exactly until the next does.
struct DueLoop: Service {
    let agenda: Agenda
    let logger: Logger
    /// The longest sleep, so that a clock that was put right is noticed.
    let longestSleep: Duration = .seconds(60)

    init(agenda: Agenda, logger: Logger) {
        self.agenda = agenda
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isReplanned = false
            while !Task.isCancelled {
                var wait: Duration = .zero
                do {
                    if !isReplanned { try await agenda.replan(logger: logger) }
                    isReplanned = true
                    while try await agenda.issueNext() { try Task.checkCancellation() }
                    let next = try await agenda.nextDue().map { $0 - agenda.time.now() } ?? longestSleep
                    wait = min(max(next, .zero), longestSleep)
                    ReminderMetrics.note(planned: try await agenda.countPlanned())
                } catch is CancellationError {
                    return
                } catch {
                    logger.error("Due reminders could not be issued; trying again", metadata: ["error": "\(error)"])
                    wait = .seconds(1)
                }
                if wait > .zero { await agenda.changed.wait(atMost: wait, time: agenda.time) }
            }
        }
    }
}
