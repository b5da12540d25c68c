import CSQLite
package import Foundation
import GRDB
package import Mail

/// One row of a ``Query``, read column by column, from left to right. What a column holds is read without a trap.
package struct Columns {
    private let handle: SQLiteStatement
    /// Of the column that is read next.
    private var place: Int32 = 0

    init(_ handle: SQLiteStatement) { self.handle = handle }

    /// A column cannot hold what is there, which the schema should rule out.
    package struct Unreadable: Error, Hashable, CustomStringConvertible {
        package let column: String
        package var description: String {
            "The column \(column) of a row cannot be read. Was the file changed by another program?"
        }
    }

    package mutating func number() throws -> Int { Int(try integer()) }
    package mutating func flag() throws -> Bool { try integer() != 0 }
    package mutating func time() throws -> Timestamp { Timestamp(microseconds: try integer()) }

    package mutating func text() throws -> String {
        let place = try next(SQLITE_TEXT)
        let start = sqlite3_column_text(handle, place)
        return String(decoding: UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, place))), as: UTF8.self)
    }

    package mutating func data() throws -> Data {
        let place = try next(SQLITE_BLOB)
        guard let start = sqlite3_column_blob(handle, place) else { return Data() }
        return Data(bytes: start, count: Int(sqlite3_column_bytes(handle, place)))
    }

    package mutating func id<Subject>(_ subject: Subject.Type = Subject.self) throws -> ID<Subject> {
        let (high, low) = try halves()
        return ID(high: high, low: low)
    }

    /// A text that is one of a few words.
    package mutating func word<Word: RawRepresentable<String>>(_ type: Word.Type = Word.self) throws -> Word {
        try text { Word(rawValue: $0) }
    }

    /// A text that has a certain form, without which `read` gives `nil`.
    package mutating func text<Value>(_ read: (String) -> Value?) throws -> Value {
        let place = place
        guard let value = read(try text()) else { throw unreadable(place) }
        return value
    }

    /// What `read` reads, or `nil` for NULL.
    package mutating func optional<Value>(_ read: (inout Columns) throws -> Value) throws -> Value? {
        guard sqlite3_column_type(handle, place) != SQLITE_NULL else {
            place += 1
            return nil
        }
        return try read(&self)
    }

    private mutating func integer() throws -> Int64 { sqlite3_column_int64(handle, try next(SQLITE_INTEGER)) }

    private mutating func halves() throws -> (high: UInt64, low: UInt64) {
        let place = try next(SQLITE_BLOB)
        guard sqlite3_column_bytes(handle, place) == 16, let start = sqlite3_column_blob(handle, place) else {
            throw unreadable(place)
        }
        return (
            UInt64(bigEndian: start.loadUnaligned(as: UInt64.self)),
            UInt64(bigEndian: start.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }

    /// Moves on by one column, which is of this type.
    private mutating func next(_ type: Int32) throws -> Int32 {
        defer { place += 1 }
        // A column that is not there is NULL.
        guard sqlite3_column_type(handle, place) == type else { throw unreadable(place) }
        return place
    }

    private func unreadable(_ place: Int32) -> Unreadable {
        Unreadable(column: sqlite3_column_name(handle, place).map { String(cString: $0) } ?? "\(place)")
    }
}
