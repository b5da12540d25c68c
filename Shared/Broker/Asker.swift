package import Foundation
package import Logging
import Mail
import ServiceLifecycle

/// Asks questions over a queue and gets the answers on an exclusive queue of its own.
package final class Asker: Service, Sendable {
    private let app: String
    private let link: Link<AskRole>

    package convenience init(at address: BrokerAddress, app: String, logger: Logger) {
        self.init(at: address, app: app, timings: Timings(), logger: logger)
    }

    init(at address: BrokerAddress, app: String, timings: Timings, logger: Logger) {
        self.app = app
        link = Link(.ask, to: address, app: app, timings: timings, logger: logger) { _ in AskRole() }
    }

    package var status: ConnectionStatus { link.status }

    /// - Parameter type: See `Questions`.
    /// - Throws: ``BrokerError/unanswered(after:)`` when no answer came in time, asking again is safe;
    ///   ``BrokerError/unroutable(exchange:routingKey:)`` when there is no such queue; ``BrokerError/shutDown``; `CancellationError`.
    package func ask(_ type: String, body: Data, of queue: String, within limit: Duration) async throws -> Message {
        let now = Timestamp(Date())
        var random = SystemRandomNumberGenerator()
        var message = Message(
            id: .v7(at: now, random: &random), type: type, app: app, timestamp: now, isPersistent: false, body: body)
        message.correlationID = message.id.description
        if let flaw = message.flaw(exchange: "", routingKey: queue) { throw BrokerError.refused(flaw) }
        let waiter = Waiter<Message>()
        let question = Question(message: message, queue: queue, deadline: .now + limit, limit: limit, waiter: waiter)
        return try await waiter.wait { [link] in
            if !link.ring.post(.ask(question)) { waiter.fail(BrokerError.shutDown) }
        }
    }

    package func run() async throws { await link.run() }
}
