import Broker
import Foundation
import Logging
import Mail
import Runtime

/// Asks the scheduler, and asks again until there is an answer: the same question in the same session has the same answer.
struct Questioner: Sendable {
    let session: SessionID
    /// Deliveries at once.
    let slots: Int
    let asker: Asker
    let time: TimeSource
    let logger: Logger

    private static let patience = Duration.seconds(5)

    /// The jobs behind tickets.
    /// - Throws: `CancellationError`, or ``BrokerError/shutDown``.
    func claim(_ tickets: [Ticket]) async throws -> ClaimAnswer {
        let question = try Wire.encode(ClaimRequest(session: session, slots: slots, tickets: tickets))
        while true {
            let answer = try await ask(Questions.claim, question)
            do {
                try Wire.check(version: answer.version)
                return try Wire.decode(ClaimAnswer.self, from: answer.body)
            } catch {
                logger.error("Cannot read the answer to a claim; asking again", metadata: ["reason": "\(error)"])
                try await time.sleep(.seconds(1))
            }
        }
    }

    /// The bytes behind a hash, or the answer that there are none.
    /// - Throws: `CancellationError`, or ``BrokerError/shutDown``.
    func fetch(_ hash: ContentHash) async throws -> Message {
        try await ask(Questions.fetch, try Wire.encode(BlobRequest(hash: hash)))
    }

    private func ask(_ type: String, _ body: Data) async throws -> Message {
        var silences = 0
        while true {
            do {
                return try await asker.ask(type, body: body, of: Names.claims, within: Self.patience)
            } catch let error as BrokerError where error != .shutDown {
                try Task.checkCancellation()
                silences += 1
                if silences == 1 || silences.isMultiple(of: 12) {
                    logger.warning(
                        "The scheduler does not answer; asking again",
                        metadata: ["question": "\(type)", "times": "\(silences)", "reason": "\(error)"])
                }
                // Unanswered has waited already; anything else returns at once.
                if case .unanswered = error { continue }
                try await time.sleep(.milliseconds(500))
            }
        }
    }
}
