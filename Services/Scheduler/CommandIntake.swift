import Broker
import GRDB
import Logging
import Mail
import Runtime
import ServiceLifecycle

/// Takes commands from the queue: the same that the HTTP API takes, from services and clients that need no answer.
///
/// What cannot be read, or names what does not exist, goes to the dead letters with the reason. A submission that breaks the rules
/// becomes the fact `mailing.refused`.
struct CommandIntake: Service {
    let consumer: Consumer
    let publisher: Publisher
    let desk: MailingDesk
    let logger: Logger

    func run() async throws {
        try await consumer.run { batch in
            // Submissions that come together share one wait for the disk; whatever else there is keeps its place among them.
            for commands in Self.stretches(of: batch) {
                await withDiscardingTaskGroup { group in
                    for incoming in commands { group.addTask { await settle(incoming) } }
                }
            }
        }
    }

    private static func stretches(of batch: [Incoming]) -> [[Incoming]] {
        let submission = Command.Kind.mailingSubmit.rawValue
        var stretches: [[Incoming]] = []
        for incoming in batch {
            if let last = stretches.last?.last, last.message.type == submission, incoming.message.type == submission {
                stretches[stretches.count - 1].append(incoming)
            } else {
                stretches.append([incoming])
            }
        }
        return stretches
    }

    private func settle(_ incoming: Incoming) async {
        do {
            try await take(incoming.message)
            incoming.ack()
        } catch {
            // Only when the service stops: what is not acked comes again.
            logger.notice("A command is left to the next start", metadata: ["error": "\(error)"])
        }
    }

    private func take(_ message: Message) async throws {
        do {
            let command = try Command(kind: message.type, version: message.version, body: message.body)
            try Self.check(command)
            try await Retry.untilDone(
                "Carrying out a command", time: desk.ledger.time, logger: logger, isFinal: Self.isFinal
            ) { try await desk.carryOut(command) }
        } catch let error where Self.isFinal(error) {
            logger.warning("A command goes to the dead letters", metadata: ["type": "\(message.type)", "reason": "\(error)"])
            try await publisher.deadLetter(message, reason: "\(error)", from: Names.scheduler)
        }
    }

    /// Whether the fault lies in the command, so that trying again would be in vain.
    private static func isFinal(_ error: any Error) -> Bool {
        error is Wire.Unreadable || (error as? DatabaseError)?.resultCode == .SQLITE_CONSTRAINT
    }

    /// What stands beside the submission goes into the history as well.
    private static func check(_ command: Command) throws(Wire.Unreadable) {
        let by: String? =
            switch command {
            case .submitMailing, .unsubscribe, .resubscribe: nil
            case .cancelMailing(_, _, let by), .cancelDelivery(_, _, let by), .resolveDelivery(_, _, _, let by): by
            }
        guard HeaderText.isLabel(command.organization, upTo: 64) else {
            throw Wire.Unreadable("/organization is not the name of one: letters, digits and . _ ~ -, at most 64.")
        }
        guard (by?.utf8.count ?? 0) <= 255, HeaderText.stranger(in: by ?? "") == nil else {
            throw Wire.Unreadable("/by has more than 255 bytes or holds control characters.")
        }
    }
}
