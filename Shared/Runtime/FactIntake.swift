package import Broker
package import Logging
package import Mail
import ServiceLifecycle

/// Takes in the facts of a queue: a batch, one transaction, then the acks. What cannot be read goes to the dead letters with the
/// reason.
package struct FactIntake: Service {
    private let consumer: Consumer
    private let queue: String
    private let publisher: Publisher
    private let time: TimeSource
    private let logger: Logger
    private let learn: @Sendable ([Fact]) async throws -> Void

    /// - Parameters:
    ///   - consumer: Of `queue`. It runs inside, so that at shutdown it goes on settling while there is something to learn.
    ///   - publisher: For the dead letters.
    ///   - learn: Has the facts on disk when it returns. Tried again until it works or the service stops.
    package init(
        consumer: Consumer, of queue: String, publisher: Publisher, time: TimeSource, logger: Logger,
        learn: @escaping @Sendable ([Fact]) async throws -> Void
    ) {
        self.consumer = consumer
        self.queue = queue
        self.publisher = publisher
        self.time = time
        self.logger = logger
        self.learn = learn
    }

    package func run() async throws {
        try await consumer.run { batch in
            do {
                try await take(batch)
            } catch {
                // Only when the service stops: what is not acked comes again.
                logger.notice("Facts are left to the next start", metadata: ["messages": "\(batch.count)", "error": "\(error)"])
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
                try await publisher.deadLetter(message, reason: error.description, from: queue)
            }
        }
        let readable = facts
        try await Retry.untilDone("Noting facts", time: time, logger: logger) { try await learn(readable) }
        for incoming in batch { incoming.ack() }
    }
}
