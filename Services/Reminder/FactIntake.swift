import Broker
import Logging
import Mail
import Runtime
import ServiceLifecycle

/// Takes in what the scheduler refused: a batch, one transaction, then the acks.
struct FactIntake: Service {
    let consumer: Consumer
    let publisher: Publisher
    let agenda: Agenda
    let logger: Logger

    func run() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await consumer.run() }
            group.addTask { await takeAll() }
            try await group.waitForAll()
        }
    }

    /// Ends when the consumer has: nothing more can come then.
    private func takeAll() async {
        for await batch in consumer.batches {
            do {
                try await take(batch)
            } catch {
                // Only when the service stops: what is not acked comes again.
                logger.notice("Refusals are left to the next start", metadata: ["messages": "\(batch.count)", "error": "\(error)"])
            }
        }
    }

    private func take(_ batch: [Incoming]) async throws {
        var facts: [Fact] = []
        for incoming in batch {
            let message = incoming.message
            do {
                facts += try Wire.facts(kind: message.type, version: message.version, body: message.body)
            } catch {
                try await publisher.deadLetter(message, reason: error.description, from: Names.reminderFacts)
            }
        }
        let readable = facts
        try await Retry.untilDone("Noting refusals", time: agenda.time, logger: logger) { try await agenda.learn(readable) }
        for incoming in batch { incoming.ack() }
    }
}
