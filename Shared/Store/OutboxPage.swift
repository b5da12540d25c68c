import Broker
import Foundation
import GRDB
import Mail

/// A stretch of the outbox, made up into the messages that it becomes.
struct OutboxPage: Sendable {
    /// One message and the rows that it carries.
    struct Parcel: Sendable {
        let rows: [Int64]
        let exchange: String
        let routingKey: String
        let message: Message
    }

    let parcels: [Parcel]
    /// The id of the last row.
    let last: Int64
    /// Whether it has room, so that nothing came after it.
    let isLast: Bool

    static let mostRows = 2048
    /// Of all bodies together; one body alone may have more.
    static let mostBytes = 8 << 20
    /// Of the bodies in one facts message; one fact alone may have more.
    static let mostBytesPerMessage = 1 << 20

    /// Reads the rows that follow `cursor`; `nil` where there are none.
    /// - Parameters:
    ///   - skipped: Rows that are passed over.
    ///   - app: The program's name, for messages made here.
    static func read(after cursor: Int64, without skipped: Set<Int64>, app: String, in database: Database) throws -> OutboxPage? {
        var page = Draft(app: app)
        var bytes = 0
        var last: Int64?
        var count = 0
        let query = try Query(
            "SELECT id, exchange, routing_key, at, envelope, facts, body FROM outbox WHERE id > ? ORDER BY id LIMIT ?", in: database
        )
        try query.each([.integer(cursor), .number(mostRows)]) { row in
            let id = Int64(try row.number())
            last = id
            count += 1
            guard !skipped.contains(id) else { return true }
            let (exchange, key, at) = (try row.text(), try row.text(), try row.time())
            let envelope = try row.optional { try $0.data() }
            let (facts, body) = (try row.number(), try row.data())
            if let envelope {
                let message = try Wire.decode(OutboxEnvelope.self, from: envelope).message(body: body)
                page.add(Parcel(rows: [id], exchange: exchange, routingKey: key, message: message))
            } else {
                page.add(facts: body, count: facts, id: id, kind: key, at: at)
            }
            bytes += body.count
            return bytes < mostBytes
        }
        let isLast = count < mostRows && bytes < mostBytes
        return last.map { OutboxPage(parcels: page.finished(), last: $0, isLast: isLast) }
    }

    /// Facts of one kind gather in one message until it is full.
    private struct Draft {
        private struct Facts {
            let position: Int
            var rows: [Int64]
            var count: Int
            var body: Data
            var latest: Timestamp
        }

        let app: String
        private var parcels: [Parcel?] = []
        private var open: [String: Facts] = [:]

        init(app: String) { self.app = app }

        mutating func add(_ parcel: Parcel) { parcels.append(parcel) }

        mutating func add(facts more: Data, count: Int, id: Int64, kind: String, at: Timestamp) {
            if let facts = open[kind],
                facts.count + count > Wire.factsPerMessage || facts.body.count + more.count > mostBytesPerMessage
            {
                seal(kind)
            }
            // Taken out, so that its body grows where it stands.
            if var facts = open.removeValue(forKey: kind) {
                facts.rows.append(id)
                facts.count += count
                facts.body.append(UInt8(ascii: ","))
                facts.body.append(more)
                facts.latest = max(facts.latest, at)
                open[kind] = facts
            } else {
                open[kind] = Facts(position: parcels.count, rows: [id], count: count, body: Data("[".utf8) + more, latest: at)
                parcels.append(nil)
            }
        }

        mutating func finished() -> [Parcel] {
            for kind in open.keys { seal(kind) }
            return parcels.compactMap { $0 }
        }

        private mutating func seal(_ kind: String) {
            guard let facts = open.removeValue(forKey: kind) else { return }
            var random = SystemRandomNumberGenerator()
            let message = Message(
                id: .v7(at: facts.latest, random: &random), type: kind, app: app, timestamp: facts.latest,
                body: facts.body + Data("]".utf8))
            parcels[facts.position] = Parcel(rows: facts.rows, exchange: Names.facts, routingKey: kind, message: message)
        }
    }
}
