import CSQLite
import Foundation
package import GRDB

/// A prepared statement that is bound and read straight through SQLite's C functions, for whatever runs for each mail: GRDB's
/// generic arguments and rows cost several times what SQLite itself does.
///
/// Prepared once for each connection. Not to be run again while its own rows are being read, nor by GRDB's means too. Observers of
/// the database do not hear of it.
package struct Query {
    private let statement: Statement
    private let database: Database
    private var handle: SQLiteStatement { statement.sqliteStatement }

    package init(_ sql: String, in database: Database) throws {
        self.database = database
        statement = try database.cachedStatement(sql: sql)
    }

    /// Runs it to its end; rows are passed over.
    package func run(_ values: [SQLValue] = []) throws {
        try each(values) { _ in true }
    }

    /// The first row, as `read` reads it; `nil` where there is none.
    package func first<Value>(_ values: [SQLValue] = [], _ read: (inout Columns) throws -> Value) throws -> Value? {
        defer { sqlite3_reset(handle) }
        try bind(values)
        guard try step() else { return nil }
        var columns = Columns(handle)
        return try read(&columns)
    }

    /// All rows, as `read` reads each.
    package func all<Value>(_ values: [SQLValue] = [], _ read: (inout Columns) throws -> Value) throws -> [Value] {
        var all: [Value] = []
        try each(values) { columns in
            all.append(try read(&columns))
            return true
        }
        return all
    }

    /// Row after row, until `read` says that it was the last that is wanted.
    package func each(_ values: [SQLValue], _ read: (inout Columns) throws -> Bool) throws {
        defer { sqlite3_reset(handle) }
        try bind(values)
        while try step() {
            var columns = Columns(handle)
            guard try read(&columns) else { return }
        }
    }

    /// - Returns: Whether there is a row.
    private func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw failure(code)
        }
    }

    private func bind(_ values: [SQLValue]) throws {
        guard values.count == Int(sqlite3_bind_parameter_count(handle)) else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "\(values.count) values do not fit", sql: statement.sql)
        }
        var place: Int32 = 0
        for value in values {
            place += 1
            let code =
                switch value {
                case .null: sqlite3_bind_null(handle, place)
                case .integer(let number): sqlite3_bind_int64(handle, place, number)
                // An absent address would bind NULL.
                case .string(""): sqlite3_bind_text(handle, place, "", 0, Self.copied)
                case .string(var text):
                    text.withUTF8 { Self.bind($0, to: handle, at: place) }
                case .blob(let data) where data.isEmpty: sqlite3_bind_zeroblob(handle, place, 0)
                case .blob(let data):
                    data.withUnsafeBytes { sqlite3_bind_blob64(handle, place, $0.baseAddress, UInt64($0.count), Self.copied) }
                case .halves(let high, let low):
                    withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) {
                        sqlite3_bind_blob(handle, place, $0.baseAddress, 16, Self.copied)
                    }
                }
            guard code == SQLITE_OK else { throw failure(code) }
        }
    }

    private static func bind(_ text: UnsafeBufferPointer<UInt8>, to handle: SQLiteStatement, at place: Int32) -> Int32 {
        text.withMemoryRebound(to: CChar.self) { text in
            sqlite3_bind_text64(handle, place, text.baseAddress, UInt64(text.count), copied, UInt8(SQLITE_UTF8))
        }
    }

    /// SQLite makes copies of texts and blobs.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    private func failure(_ code: Int32) -> any Error {
        // The reader's task was cancelled.
        if code & 0xFF == SQLITE_INTERRUPT { return CancellationError() }
        let message = database.sqliteConnection.flatMap(sqlite3_errmsg).map { String(cString: $0) }
        return DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: statement.sql)
    }
}
