import Foundation
import GRDB
import Mail
import Testing

@testable import Store

struct QueryTests {
    private let rig: Rig

    init() throws { rig = try Rig() }

    @Test("every kind of value comes back as it went in, empty ones and NULL too", arguments: ["", "ann", "a\u{0}b", "ü\u{1F4EE}"])
    func roundTrip(text: String) async throws {
        let id = DeliveryID(high: 0x0123_4567_89AB_CDEF, low: .max)
        let time = Timestamp(microseconds: -1)
        try await rig.store.write { database in
            try database.execute(
                sql: "CREATE TABLE things (id BLOB, at INTEGER, text TEXT, data BLOB, flag INTEGER, word TEXT) STRICT")
            try Query("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?)", in: database)
                .run([
                    .id(id), .time(time), .text(text), .blob(Data(text.utf8)), .flag(true), .text(DeliveryState.pending.rawValue),
                ])
            let isSame = try Query("SELECT * FROM things", in: database).first { row in
                (try row.id(), try row.time(), try row.text(), try row.data(), try row.flag(), try row.word())
                    == (id, time, text, Data(text.utf8), true, DeliveryState.pending)
            }
            #expect(isSame == true)
            #expect(try Data.fetchOne(database, sql: "SELECT id FROM things") == Data(id.bytes))
            let none = try Query("SELECT ?, text FROM things", in: database).first([.text(nil)]) { row in
                (try row.optional { try $0.text() }, try row.optional { try $0.text() })
            }
            #expect(try #require(none) == (nil, text))
        }
    }

    @Test(
        "a column that holds something else is told by its name",
        arguments: ["7", "NULL", "x'00'", "zeroblob(17)", "'0123456789abcdef'"])
    func unreadable(value: String) async throws {
        await #expect(throws: Columns.Unreadable(column: "thing")) {
            try await rig.store.read { database in
                try Query("SELECT \(value) AS thing", in: database).first { try $0.id(OfDelivery.self) }
            }
        }
    }

    @Test("rows come in order, as many as are wanted, and the statement can run again")
    func rows() async throws {
        for value in 1...3 { try await rig.add(value) }
        try await rig.store.read { database in
            let query = try Query("SELECT value FROM numbers WHERE value >= ? ORDER BY value", in: database)
            #expect(try query.all([.number(2)]) { try $0.number() } == [2, 3])
            var seen: [Int] = []
            try query.each([.number(1)]) { row in
                seen.append(try row.number())
                return seen.count < 2
            }
            #expect(seen == [1, 2])
            #expect(try query.first([.number(3)]) { try $0.number() } == 3)
            #expect(try query.first([.number(4)]) { try $0.number() } == nil)
        }
    }

    @Test("a statement that fails, or gets too few values, says why and can run again")
    func failures() async throws {
        try await rig.store.write { database in
            let query = try Query("INSERT INTO numbers (value) VALUES (?)", in: database)
            try query.run([.number(1)])
            #expect { try query.run([.number(1)]) } throws: { error in
                (error as? DatabaseError)?.resultCode == .SQLITE_CONSTRAINT
                    && (error as? DatabaseError)?.message == "UNIQUE constraint failed: numbers.value"
            }
            #expect { try query.run() } throws: { ($0 as? DatabaseError)?.resultCode == .SQLITE_MISUSE }
            try query.run([.number(2)])
        }
        #expect(try await rig.values() == [1, 2])
    }
}
