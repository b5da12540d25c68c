import Broker
import Foundation
import Logging
import Mail
import Metrics

/// Answers senders: which jobs their tickets stand for, and the bytes behind a hash.
struct ClaimDesk: Sendable {
    let ledger: Ledger
    /// Puts a question that cannot be read aside, with the reason.
    let deadLetter: @Sendable (Message, String) async throws -> Void
    let logger: Logger

    private enum Question {
        case claim(ClaimRequest)
        case fetch(BlobRequest)
    }

    /// - Returns: Type and body of the answer to each message, in order; `nil` for one that gets none. Who gets none asks again.
    func answer(_ messages: [Message]) async -> [(type: String, body: Data)?] {
        var answers = [(type: String, body: Data)?](repeating: nil, count: messages.count)
        var claims: [(index: Int, request: ClaimRequest)] = []
        for (index, message) in messages.enumerated() {
            do {
                switch try Self.read(message) {
                case .claim(let request): claims.append((index, request))
                case .fetch(let request): answers[index] = try await fetch(request)
                }
            } catch let error as Wire.Unreadable {
                await putAside(message, error)
            } catch {
                logger.error("A question could not be answered", metadata: ["type": "\(message.type)", "error": "\(error)"])
            }
        }
        guard !claims.isEmpty else { return answers }
        do {
            for ((index, _), answer) in zip(claims, try await ledger.claim(claims.map(\.request))) {
                answers[index] = (Questions.claimAnswer, try Wire.encode(answer))
                SchedulerMetrics.granted.increment(by: answer.jobs.count)
                SchedulerMetrics.refused.increment(by: answer.refusals.count)
            }
        } catch {
            logger.error("Claims could not be answered", metadata: ["error": "\(error)"])
        }
        return answers
    }

    private static func read(_ message: Message) throws(Wire.Unreadable) -> Question {
        try Wire.check(version: message.version)
        switch message.type {
        case Questions.claim:
            let request = try Wire.decode(ClaimRequest.self, from: message.body)
            guard request.tickets.count <= Ledger.ticketsPerClaim else {
                throw Wire.Unreadable("The claim names \(request.tickets.count) tickets; the most is \(Ledger.ticketsPerClaim).")
            }
            return .claim(request)
        case Questions.fetch:
            return .fetch(try Wire.decode(BlobRequest.self, from: message.body))
        default:
            throw Wire.Unreadable("There is no question called \(message.type.debugDescription).")
        }
    }

    private func fetch(_ request: BlobRequest) async throws -> (type: String, body: Data) {
        guard let bytes = try await ledger.blob(request.hash) else { return (Questions.missing, Data()) }
        return (Questions.blob, bytes)
    }

    private func putAside(_ message: Message, _ reason: Wire.Unreadable) async {
        do {
            try await deadLetter(message, reason.description)
        } catch {
            logger.error("An unreadable question could not be put aside", metadata: ["error": "\(error)"])
        }
    }
}
