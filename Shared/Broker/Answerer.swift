package import Foundation
package import Logging
import Mail
import ServiceLifecycle

/// Answers the questions that come to a queue. A question that arrives after a reconnect twice is answered twice.
package final class Answerer: Service, Sendable {
    private let app: String
    private let consumer: Consumer
    private let answer: @Sendable ([Message]) async -> [(type: String, body: Data)?]

    /// The most questions taken at once.
    static let prefetch = 256

    /// - Parameter answer: Gives type and body of the answer for each message of a batch, in order; `nil` for one that gets none.
    package convenience init(
        queue: String, at address: BrokerAddress, app: String, logger: Logger,
        answer: @escaping @Sendable ([Message]) async -> [(type: String, body: Data)?]
    ) {
        self.init(queue: queue, at: address, app: app, timings: Timings(), logger: logger, answer: answer)
    }

    init(
        queue: String, at address: BrokerAddress, app: String, timings: Timings, logger: Logger,
        answer: @escaping @Sendable ([Message]) async -> [(type: String, body: Data)?]
    ) {
        self.app = app
        self.answer = answer
        consumer = Consumer(
            from: queue, at: address, prefetch: Self.prefetch, app: app, use: .answer, timings: timings, logger: logger)
    }

    package var status: ConnectionStatus { consumer.status }

    package func run() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await self.consumer.run() }
            for await batch in consumer.batches {
                let answers = await answer(batch.map(\.message))
                for (question, answer) in zip(batch, answers) {
                    if let answer, let queue = question.message.replyTo {
                        reply(answer, to: question.message, over: queue)
                    }
                }
                batch.forEach { $0.ack() }
            }
            try await group.waitForAll()
        }
    }

    private func reply(_ answer: (type: String, body: Data), to question: Message, over queue: String) {
        let now = Timestamp(Date())
        var random = SystemRandomNumberGenerator()
        var message = Message(
            id: .v7(at: now, random: &random), type: answer.type, app: app, timestamp: now, isPersistent: false, body: answer.body)
        message.correlationID = question.correlationID
        guard message.flaw(exchange: "", routingKey: queue) == nil else { return }
        consumer.reply(message, to: queue)
    }
}
