import Foundation
package import Logging
package import Mail
import ServiceLifecycle

/// Publishes with confirms over a connection of its own. A call returns only when the broker has taken responsibility.
///
/// Callers may be as many as they like: their messages go out together, up to a thousand of them under way at once.
package final class Publisher: Service, Sendable {
    private let app: String
    private let link: Link<PublishRole>

    /// - Parameter app: The program's name: `app-id` of every message and part of the connection's name.
    package convenience init(to address: BrokerAddress, app: String, logger: Logger) {
        self.init(to: address, app: app, timings: Timings(), logger: logger)
    }

    init(to address: BrokerAddress, app: String, timings: Timings, logger: Logger) {
        self.app = app
        link = Link(.publish, to: address, app: app, timings: timings, logger: logger) { _ in
            PublishRole(app: app, timings: timings, logger: logger)
        }
    }

    package var status: ConnectionStatus { link.status }

    /// Publishes until confirmed and routed, over reconnects if need be; waits while the broker is away or blocked.
    /// - Throws: ``BrokerError/unroutable(exchange:routingKey:)``, ``BrokerError/refused(_:)`` for a message that the broker can
    ///   never take, ``BrokerError/shutDown``, ``BrokerError/unconfirmed(_:)`` where the service stopped first, or
    ///   `CancellationError` at once when cancelled, in which case the message may be published all the same.
    package func publish(_ message: Message, to exchange: String, routingKey: String) async throws {
        if let flaw = message.flaw(exchange: exchange, routingKey: routingKey) { throw BrokerError.refused(flaw) }
        let waiter = Waiter<Void>()
        let outgoing = Outgoing(message, to: exchange, routingKey: routingKey, waiters: [waiter])
        try await waiter.wait { [link] in
            if !link.ring.post(.publish(outgoing)) { waiter.fail(BrokerError.shutDown) }
        }
    }

    /// Publishes facts to `waybill.facts`: lingers a few milliseconds, puts facts of one kind together, returns when all are confirmed.
    /// - Throws: As ``publish(_:to:routingKey:)`` does, or what the encoder throws. Some of the facts may be published then.
    package func publish(_ facts: [Fact]) async throws { try await publish(facts.map { try EncodedFact($0) }) }

    /// The same for facts that are JSON already.
    package func publish(_ facts: [EncodedFact]) async throws {
        guard !facts.isEmpty else { return }
        var waiter = Waiter<Void>()
        let pieces = FactBuckets.pieces(of: facts) { parts in
            waiter = Waiter(parts: parts)
            return waiter
        }
        let all = waiter
        try await all.wait { [link] in
            for piece in pieces where !link.ring.post(.facts(piece), isPatient: true) { all.fail(BrokerError.shutDown) }
        }
    }

    /// Puts a message that cannot be read aside in `waybill.dead`, with the reason and where it came from as headers.
    package func deadLetter(_ message: Message, reason: String, from queue: String) async throws {
        var letter = message.curtailed()
        letter.isPersistent = true
        letter.headers[Names.reasonHeader] = String(String.UnicodeScalarView(reason.unicodeScalars.prefix(1000)))
        letter.headers[Names.queueHeader] = queue
        try await publish(letter, to: Names.dead, routingKey: queue)
    }

    /// The number of ready messages in a queue, asked of the broker (passive declare). `nil` while disconnected.
    package func depth(of queue: String) async -> Int? {
        let waiter = Waiter<Int?>()
        do {
            return try await waiter.wait { [link] in
                if !link.ring.post(.count(queue: queue, waiter)) { waiter.succeed(nil) }
            }
        } catch {
            return nil  // cancelled: nobody looks at the answer
        }
    }

    package func run() async throws { await link.run() }
}
