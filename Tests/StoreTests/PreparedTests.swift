import Foundation
import GRDB
import Mail
import Testing

@testable import Store

@Suite("Prepared statements")
struct PreparedTests {
    private static let table = "CREATE TABLE things (number INTEGER PRIMARY KEY, id BLOB, at INTEGER, name TEXT, bytes BLOB) STRICT"

    private struct Thing: Equatable {
        var number: Int?
        var id: DeliveryID?
        var at: Timestamp?
        var name: String?
        var bytes: Data?
    }

    private func insert(_ thing: Thing, in database: Database) throws {
        try Prepared("INSERT INTO things VALUES (?, ?, ?, ?, ?)", in: database).run {
            $0.bind(thing.number)
            $0.bind(thing.id)
            $0.bind(thing.at)
            $0.bind(thing.name)
            $0.bind(thing.bytes)
        }
    }

    @Test("values of every type come back as they went, nothing and emptiness too, and GRDB reads the same")
    func roundTrip() throws {
        let things = [
            Thing(
                number: 1, id: DeliveryID(high: .max, low: 1), at: Timestamp(microseconds: -5), name: "ü😀",
                bytes: Data([0, 255])),
            Thing(number: 2, id: nil, at: nil, name: nil, bytes: nil), Thing(number: 3, id: nil, at: nil, name: "", bytes: Data()),
        ]
        try DatabaseQueue().write { database in
            try database.execute(sql: Self.table)
            for thing in things { try insert(thing, in: database) }
            var found: [Thing] = []
            try Prepared("SELECT * FROM things WHERE number > ? ORDER BY number", in: database).forEach({ $0.bind(0) }) { row in
                found.append(Thing(number: row[0], id: row[1], at: row[2], name: row[3], bytes: row[4]))
            }
            #expect(found == things)
            #expect(try Row.fetchAll(database, sql: "SELECT name, bytes FROM things").map { $0["name"] } == things.map(\.name))
            #expect(try DeliveryID.fetchOne(database, sql: "SELECT id FROM things WHERE number = 1") == things[0].id)
        }
    }

    @Test("what is NULL reads as nothing where a value must be")
    func null() throws {
        try DatabaseQueue().write { database in
            let row = try Prepared("SELECT NULL", in: database).first({ _ in }) { row in
                (row[0] as Int, row[0] as String, row[0] as Data, row[0] as FactID)
            }
            #expect(try #require(row) == (0, "", Data(), FactID(high: 0, low: 0)))
        }
    }

    @Test("a statement runs again after it has failed, and the fault says what was wrong")
    func faults() throws {
        try DatabaseQueue().write { database in
            try database.execute(sql: Self.table)
            try insert(Thing(number: 1), in: database)
            let error = #expect(throws: DatabaseError.self) { try insert(Thing(number: 1), in: database) }
            #expect(error?.resultCode == .SQLITE_CONSTRAINT)
            try insert(Thing(number: 2), in: database)
            let any = try Prepared("SELECT 1 FROM things WHERE number = ?", in: database)
            #expect(try any.isAny { $0.bind(2) })
            #expect(try !any.isAny { $0.bind(3) })
        }
    }
}
