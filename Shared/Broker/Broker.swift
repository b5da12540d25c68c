package import Foundation
package import Logging
package import Mail
package import ServiceLifecycle

/// Where the broker is and how to get in, read from an AMQP URL.
package struct BrokerAddress: Hashable, Sendable {
    package let host: String
    package let port: Int
    package let user: String
    package let password: String
    package let virtualHost: String
    package let usesTLS: Bool
    /// PEM file of the authorities to trust; Debian's own where `nil`. TLS only.
    package let authorities: String?

    /// - Parameter url: `amqp://user:password@host:5672/vhost`, or `amqps://…`.
    package init(_ url: String, authorities: String? = nil) throws(BrokerError) { fatalError("being written") }
}

package enum BrokerError: Error, Hashable, CustomStringConvertible {
    case badAddress(String)
    case unreachable(host: String, port: Int, reason: String)
    /// No confirm in time or the connection was lost first. The message may or may not be queued; publishing it again is safe.
    case unconfirmed(String)
    /// The broker took the message and had no queue for it.
    case unroutable(exchange: String, routingKey: String)
    case refused(String)
    /// No answer to a question in time.
    case unanswered(after: Duration)
    case shutDown

    package var description: String { "being written" }
}

/// One AMQP message with the properties that we use.
package struct Message: Hashable, Sendable {
    package var id: MessageID
    /// The kind of fact or command: AMQP property `type`.
    package var type: String
    /// The header `waybill-version`; `nil` where it is missing or no number.
    package var version: Int?
    package var timestamp: Timestamp?
    /// The program that published it: AMQP property `app-id`.
    package var app: String
    package var contentType: String
    /// Further text headers, such as `waybill-organization` on commands.
    package var headers: [String: String]
    package var replyTo: String?
    package var correlationID: String?
    package var isPersistent: Bool
    package var body: Data

    /// A message of ours: version 1, JSON, persistent.
    package init(
        id: MessageID, type: String, app: String, timestamp: Timestamp?, headers: [String: String] = [:], isPersistent: Bool = true,
        body: Data
    ) {
        self.id = id
        self.type = type
        self.version = Wire.version
        self.timestamp = timestamp
        self.app = app
        self.contentType = Wire.contentType
        self.headers = headers
        self.isPersistent = isPersistent
        self.body = body
    }
}

/// The names on the broker (DESIGN: exchanges and queues).
package enum Names {
    package static let commands = "waybill.commands"
    package static let facts = "waybill.facts"
    package static let dead = "waybill.dead"
    package static let tickets = "waybill.tickets"
    package static let claims = "waybill.claims"
    package static let scheduler = "waybill.scheduler"
    package static let reminder = "waybill.reminder"
    package static let tracker = "waybill.tracker"
    package static let schedulerFacts = "waybill.scheduler.facts"
    package static let reminderFacts = "waybill.reminder.facts"
    package static let deadLetters = "waybill.dead-letters"
}

/// What a connection is doing, for `/readyz` and metrics.
package enum ConnectionStatus: Hashable, Sendable {
    case connected
    /// The broker has stopped taking messages (memory or disk alarm), with its reason.
    case blocked(String)
    case disconnected(String)
}

/// Publishes with confirms over a connection of its own. A call returns only when the broker has taken responsibility.
package final class Publisher: Service, Sendable {
    /// - Parameter app: The program's name: `app-id` of every message and part of the connection's name.
    package init(to address: BrokerAddress, app: String, logger: Logger) { fatalError("being written") }

    package var status: ConnectionStatus { fatalError("being written") }

    /// Publishes until confirmed and routed, over reconnects if need be; waits while the broker is away or blocked.
    /// - Throws: ``BrokerError/unroutable(exchange:routingKey:)``, ``BrokerError/shutDown``, or `CancellationError`.
    package func publish(_ message: Message, to exchange: String, routingKey: String) async throws { fatalError("being written") }

    /// Publishes facts to `waybill.facts`: lingers a few milliseconds, puts facts of one kind together, returns when all are confirmed.
    package func publish(_ facts: [Fact]) async throws { fatalError("being written") }

    /// Puts a message that cannot be read aside in `waybill.dead`, with the reason and where it came from as headers.
    package func deadLetter(_ message: Message, reason: String, from queue: String) async throws { fatalError("being written") }

    /// The number of ready messages in a queue, asked of the broker (passive declare). `nil` while disconnected.
    package func depth(of queue: String) async -> Int? { fatalError("being written") }

    package func run() async throws { fatalError("being written") }
}

/// One message as it arrived, to be acked once whatever follows from it is durable.
package struct Incoming: Sendable {
    package let message: Message
    package let isRedelivered: Bool

    /// Settles the message. Never blocks; ignored where the connection that it came by is gone (it will come again).
    package func ack() { fatalError("being written") }
    /// Gives it back to the queue, for someone else or for later.
    package func requeue() { fatalError("being written") }
}

/// Consumes one queue over a connection of its own, across reconnects.
package final class Consumer: Service, Sendable {
    /// - Parameter prefetch: The most messages unsettled at once, 1 to 65,535.
    package init(from queue: String, at address: BrokerAddress, prefetch: Int, app: String, logger: Logger) {
        fatalError("being written")
    }

    package var status: ConnectionStatus { fatalError("being written") }

    /// What arrived since the last batch was taken, in order, never empty; ends on graceful shutdown. For one reader.
    package var batches: AsyncStream<[Incoming]> { fatalError("being written") }

    /// Stops deliveries at graceful shutdown, then keeps the connection while what was delivered is being settled, a bounded time.
    package func run() async throws { fatalError("being written") }
}

/// Asks questions over a queue and gets the answers on an exclusive queue of its own.
package final class Asker: Service, Sendable {
    package init(at address: BrokerAddress, app: String, logger: Logger) { fatalError("being written") }

    package var status: ConnectionStatus { fatalError("being written") }

    /// - Parameter type: See `Questions`.
    /// - Throws: ``BrokerError/unanswered(after:)`` when no answer came in time; asking again is safe.
    package func ask(_ type: String, body: Data, of queue: String, within limit: Duration) async throws -> Message {
        fatalError("being written")
    }

    package func run() async throws { fatalError("being written") }
}

/// Answers the questions that come to a queue. A question that arrives after a reconnect twice is answered twice.
package final class Answerer: Service, Sendable {
    /// - Parameter answer: Gives type and body of the answer for each message of a batch, in order; `nil` for one that gets none.
    package init(
        queue: String, at address: BrokerAddress, app: String, logger: Logger,
        answer: @escaping @Sendable ([Message]) async -> [(type: String, body: Data)?]
    ) { fatalError("being written") }

    package var status: ConnectionStatus { fatalError("being written") }

    package func run() async throws { fatalError("being written") }
}
