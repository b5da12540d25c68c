import Foundation
import GRDB
import Mail
import Store

/// The append-only log of everything that was reported, each fact once.
enum FactLog {
    /// A fact with its text, ready to be written.
    struct Entry: Sendable {
        let fact: Fact
        /// As it came.
        let text: String
    }

    /// Appends facts to the log, and finds out whether it holds any.
    struct Writer {
        private let database: Database
        private let insert: Query
        private let any: Query

        init(_ database: Database) throws {
            self.database = database
            insert = try Query(
                """
                INSERT INTO facts (id, organization, kind, delivery, mailing, occurred_at, recorded_at, body)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """, in: database)
            any = try Query("SELECT 1 FROM facts WHERE delivery = ?", in: database)
        }

        /// Appends a fact.
        /// - Returns: Its number, or `nil` where it is there already.
        func append(_ entry: Entry, at now: Timestamp) throws -> Int64? {
            let fact = entry.fact
            try insert.run([
                .id(fact.id), .text(fact.organization), .text(fact.kind.rawValue), .id(fact.body.delivery), .id(fact.body.mailing),
                .time(fact.occurredAt), .time(now), .text(entry.text),
            ])
            return database.changesCount == 0 ? nil : database.lastInsertedRowID
        }

        /// Whether anything was reported about a delivery.
        func holdsAny(of delivery: DeliveryID) throws -> Bool { try any.first([.id(delivery)]) { _ in true } ?? false }
    }

    /// What moved a delivery: every fact about it but opens and clicks.
    static func steps(of delivery: DeliveryID, organization: String, in database: Database) throws -> [Fact] {
        try read(
            "delivery = ? AND organization = ? AND kind NOT IN ('message.opened', 'link.clicked')",
            [delivery, organization], in: database)
    }

    /// The numbers of the steps of a delivery in causal order, as ``DeliveryStatus`` folds them: clocks of different machines differ.
    static func order(ofSteps delivery: DeliveryID, organization: String, in database: Database) throws -> [Int64] {
        let rows = try Row.fetchCursor(
            database.cachedStatement(
                sql: """
                    SELECT number, body FROM facts
                    WHERE delivery = ? AND organization = ? AND kind NOT IN ('message.opened', 'link.clicked')
                    """), arguments: [delivery, organization])
        var places: [(number: Int64, attempt: Int, rank: Int, at: Timestamp, id: FactID)] = []
        while let row = try rows.next() {
            let fact = try decode(row["body"])
            let step = fact.body.step
            places.append((row["number"], step?.attempt ?? .max, step?.rank ?? .max, fact.occurredAt, fact.id))
        }
        return places.sorted { ($0.attempt, $0.rank, $0.at, $0.id) < ($1.attempt, $1.rank, $1.at, $1.id) }.map(\.number)
    }

    /// The opens and clicks of a delivery, the earliest first.
    static func hits(of delivery: DeliveryID, organization: String, limit: Int = .max, in database: Database) throws -> [Fact] {
        try read(
            """
            delivery = ? AND organization = ? AND kind IN ('message.opened', 'link.clicked')
            ORDER BY occurred_at, id LIMIT ?
            """, [delivery, organization, limit], in: database)
    }

    /// The last word on whether a delivery's recipient unsubscribed through it; `nil` where there is none.
    static func lastWish(through delivery: DeliveryID, organization: String, in database: Database) throws -> Fact? {
        try read(
            """
            delivery = ? AND organization = ? AND kind IN ('contact.unsubscribed', 'contact.resubscribed')
            ORDER BY occurred_at DESC, id DESC LIMIT 1
            """, [delivery, organization], in: database
        ).first
    }

    /// The fact with this number.
    static func fact(_ number: Int64, in database: Database) throws -> Fact? {
        try read("number = ?", [number], in: database).first
    }

    static func decode(_ text: String) throws(Wire.Unreadable) -> Fact {
        try Wire.decode(Fact.self, from: Data(text.utf8))
    }

    private static func read(_ condition: String, _ arguments: StatementArguments, in database: Database) throws -> [Fact] {
        let statement = try database.cachedStatement(sql: "SELECT body FROM facts WHERE \(condition)")
        return try String.fetchAll(statement, arguments: arguments).map { text in try decode(text) }
    }
}
