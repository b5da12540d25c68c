package import Broker
import Foundation
package import GRDB
package import Mail

/// Messages that are to be published once the transaction that writes them is on disk.
package enum Outbox {
    /// Puts facts into the outbox, in order; those of one kind together.
    package static func put(_ facts: [Fact], in database: Database) throws {
        var rows: [Row] = []
        var open: [Fact.Kind: Int] = [:]
        for fact in facts {
            let json = try Wire.encode(fact)
            if let index = open[fact.kind], rows[index].count < Wire.factsPerMessage,
                rows[index].body.count + json.count < OutboxPage.mostBytesPerMessage
            {
                rows[index].body.append(UInt8(ascii: ","))
                rows[index].body.append(json)
                rows[index].count += 1
                rows[index].at = max(rows[index].at, fact.occurredAt)
            } else {
                open[fact.kind] = rows.count
                rows.append(Row(kind: fact.kind, at: fact.occurredAt, count: 1, body: json))
            }
        }
        for row in rows {
            try insert(
                exchange: Names.facts, routingKey: row.kind.rawValue, at: row.at, envelope: nil, facts: row.count, body: row.body,
                in: database)
        }
    }

    private struct Row {
        let kind: Fact.Kind
        var at: Timestamp
        var count: Int
        var body: Data
    }

    /// Puts one message into the outbox.
    package static func put(_ message: Message, to exchange: String, routingKey: String, in database: Database) throws {
        try insert(
            exchange: exchange, routingKey: routingKey, at: message.timestamp ?? Timestamp(microseconds: 0),
            envelope: OutboxEnvelope(message).encoded(), facts: 0, body: message.body, in: database)
    }

    /// Messages and facts that wait.
    package static func count(in database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT sum(max(facts, 1)) FROM outbox") ?? 0
    }

    private static func insert(
        exchange: String, routingKey: String, at: Timestamp, envelope: Data?, facts: Int, body: Data, in database: Database
    ) throws {
        let statement = try database.cachedStatement(
            sql: "INSERT INTO outbox (exchange, routing_key, at, envelope, facts, body) VALUES (?, ?, ?, ?, ?, ?)")
        try statement.execute(arguments: [exchange, routingKey, at, envelope, facts, body])
    }
}
