import Broker
import Logging
import Mail
import Runtime
import ServiceLifecycle

/// Takes in what senders report: a batch, one transaction, then the acks.
struct FactIntake: Service {
    let consumer: Consumer
    let publisher: Publisher
    let ledger: Ledger
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
                logger.notice("Reports are left to the next start", metadata: ["messages": "\(batch.count)", "error": "\(error)"])
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
                try await publisher.deadLetter(message, reason: error.description, from: Names.schedulerFacts)
            }
        }
        let readable = facts
        try await Retry.untilDone("Noting reports", time: ledger.time, logger: logger) { try await ledger.learn(readable) }
        for incoming in batch { incoming.ack() }
    }
}
