package import Broker
import Foundation
package import GRDB
package import Mail

/// Messages that are to be published once the transaction that writes them is on disk.
package enum Outbox {
    /// Puts facts into the outbox, in order.
    package static func put(_ facts: [Fact], in database: Database) throws {
        for fact in facts {
            try insert(
                exchange: Names.facts, routingKey: fact.kind.rawValue, at: fact.occurredAt, envelope: nil, body: Wire.encode(fact),
                in: database)
        }
    }

    /// Puts one message into the outbox.
    package static func put(_ message: Message, to exchange: String, routingKey: String, in database: Database) throws {
        try insert(
            exchange: exchange, routingKey: routingKey, at: message.timestamp ?? Timestamp(microseconds: 0),
            envelope: OutboxEnvelope(message).encoded(), body: message.body, in: database)
    }

    /// Messages and facts that wait.
    package static func count(in database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM outbox") ?? 0
    }

    private static func insert(
        exchange: String, routingKey: String, at: Timestamp, envelope: Data?, body: Data, in database: Database
    ) throws {
        let statement = try database.cachedStatement(
            sql: "INSERT INTO outbox (exchange, routing_key, at, envelope, body) VALUES (?, ?, ?, ?, ?)")
        try statement.execute(arguments: [exchange, routingKey, at, envelope, body])
    }
}
