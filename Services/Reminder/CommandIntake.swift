import Broker
import Logging
import Mail
import Runtime
import ServiceLifecycle

/// Takes commands from the queue, in order: a later one about the same collection must not be overtaken. What cannot be read or is
/// refused goes to the dead letters with the reason.
struct CommandIntake: Service {
    let consumer: Consumer
    let publisher: Publisher
    let agenda: Agenda
    let logger: Logger

    func run() async throws {
        try await consumer.run { batch in
            for incoming in batch {
                do {
                    try await take(incoming.message)
                    incoming.ack()
                } catch {
                    // Only when the service stops: what is not acked comes again.
                    logger.notice("A command is left to the next start", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func take(_ message: Message) async throws {
        let command: CollectionCommand
        do {
            command = try CollectionCommand(kind: message.type, version: message.version, body: message.body)
        } catch {
            logger.warning("A command goes to the dead letters", metadata: ["type": "\(message.type)", "reason": "\(error)"])
            try await publisher.deadLetter(message, reason: "\(error)", from: Names.reminder)
            return
        }
        try await Retry.untilDone("Carrying out a command", time: agenda.time, logger: logger) {
            switch command {
            case .put(let organization, let collection, let document):
                _ = try await agenda.put(document, as: collection, of: organization)
            case .remove(let organization, let collection):
                _ = try await agenda.remove(collection, of: organization)
            }
        }
    }
}
