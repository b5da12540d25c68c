import CSQLite
package import Foundation
package import GRDB
package import Mail

/// A prepared statement whose values are bound and whose rows are read by place, straight from SQLite, for what is done for every mail.
///
/// GRDB takes and gives values of any type, which costs several times what SQLite itself takes for a small statement. Statements still
/// run by GRDB, so that observers hear of what they change.
///
///     let insert = try Prepared("INSERT INTO inbox (id, at) VALUES (?, ?)", in: database)
///     for id in ids {
///         try insert.run {
///             $0.bind(id)
///             $0.bind(now)
///         }
///     }
package struct Prepared {
    private let statement: Statement

    /// Takes the statement from the connection's cache. Nobody else may give it arguments meanwhile.
    package init(_ sql: String, in database: Database) throws {
        statement = try database.cachedStatement(sql: sql)
        // From here on GRDB neither checks nor touches what is bound.
        statement.setUncheckedArguments([])
    }

    /// Runs a statement that gives no rows.
    package func run(_ bind: (inout Arguments) -> Void) throws {
        try start(bind)
        try statement.execute()
    }

    /// The first row, as `read` understands it; `nil` where there is none.
    @inlinable
    package func first<Value>(_ bind: (inout Arguments) -> Void, read: (Columns) throws -> Value) throws -> Value? {
        defer { finish() }
        try start(bind)
        return try step() ? try read(columns) : nil
    }

    /// Whether there is any row.
    package func isAny(_ bind: (inout Arguments) -> Void) throws -> Bool { try first(bind) { _ in true } ?? false }

    @inlinable
    package func forEach(_ bind: (inout Arguments) -> Void, read: (Columns) throws -> Void) throws {
        defer { finish() }
        try start(bind)
        while try step() { try read(columns) }
    }

    @usableFromInline var columns: Columns { Columns(statement: statement.sqliteStatement) }

    @usableFromInline
    func start(_ bind: (inout Arguments) -> Void) throws {
        finish()
        var arguments = Arguments(statement: statement.sqliteStatement)
        bind(&arguments)
        guard arguments.code == SQLITE_OK else { throw fault(arguments.code) }
    }

    @usableFromInline
    func step() throws -> Bool {
        switch sqlite3_step(statement.sqliteStatement) {
        case SQLITE_ROW: true
        case SQLITE_DONE: false
        case let code: throw fault(code)
        }
    }

    /// Lets go of the rows. A fault of the last step, which it would tell again, is known already.
    @usableFromInline
    func finish() { sqlite3_reset(statement.sqliteStatement) }

    private func fault(_ code: CInt) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: code),
            message: String(cString: sqlite3_errmsg(sqlite3_db_handle(statement.sqliteStatement))), sql: statement.sql)
    }
}

extension Prepared {
    /// The values of a statement's question marks, one after the other.
    package struct Arguments {
        private let statement: OpaquePointer
        private var place: CInt = 0
        fileprivate private(set) var code: CInt = SQLITE_OK

        fileprivate init(statement: OpaquePointer) { self.statement = statement }

        private mutating func next(_ body: (_ statement: OpaquePointer, _ place: CInt) -> CInt) {
            place += 1
            let result = body(statement, place)
            if code == SQLITE_OK { code = result }
        }

        package mutating func bind(_ number: Int64?) {
            next { statement, place in
                number.map { sqlite3_bind_int64(statement, place, $0) } ?? sqlite3_bind_null(statement, place)
            }
        }

        package mutating func bind(_ number: Int?) { bind(number.map(Int64.init)) }
        package mutating func bind(_ flag: Bool) { bind(flag ? 1 : 0 as Int64) }
        package mutating func bind(_ time: Timestamp?) { bind(time?.microseconds) }

        package mutating func bind(_ text: String?) {
            next { statement, place in
                guard var text else { return sqlite3_bind_null(statement, place) }
                return text.withUTF8 { utf8 in
                    utf8.withMemoryRebound(to: CChar.self) { bytes in
                        guard let start = bytes.baseAddress else { return sqlite3_bind_text(statement, place, "", 0, Self.copied) }
                        return sqlite3_bind_text(statement, place, start, CInt(clamping: bytes.count), Self.copied)
                    }
                }
            }
        }

        package mutating func bind(_ data: Data?) {
            next { statement, place in
                guard let data else { return sqlite3_bind_null(statement, place) }
                return data.withUnsafeBytes { bytes in
                    guard let start = bytes.baseAddress else { return sqlite3_bind_zeroblob(statement, place, 0) }
                    return sqlite3_bind_blob(statement, place, start, CInt(clamping: bytes.count), Self.copied)
                }
            }
        }

        @inlinable
        package mutating func bind<Subject>(_ id: ID<Subject>?) {
            if let id { bind(high: id.high, low: id.low) } else { bind(nil as Int64?) }
        }

        @usableFromInline
        mutating func bind(high: UInt64, low: UInt64) {
            next { statement, place in
                withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) {
                    sqlite3_bind_blob(statement, place, $0.baseAddress, 16, Self.copied)
                }
            }
        }

        /// SQLite copies the bytes before the call returns.
        private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
    }

    /// A row, as long as it is the current one. What is NULL reads as 0, no text or no bytes where a value must be.
    package struct Columns {
        private let statement: OpaquePointer

        fileprivate init(statement: OpaquePointer) { self.statement = statement }

        package func isNull(_ place: Int) -> Bool { sqlite3_column_type(statement, CInt(truncatingIfNeeded: place)) == SQLITE_NULL }

        package subscript(place: Int) -> Int64 { sqlite3_column_int64(statement, CInt(truncatingIfNeeded: place)) }
        package subscript(place: Int) -> Int { Int(self[place] as Int64) }
        package subscript(place: Int) -> Bool { self[place] as Int64 != 0 }
        package subscript(place: Int) -> Timestamp { Timestamp(microseconds: self[place]) }

        package subscript(place: Int) -> String {
            let place = CInt(truncatingIfNeeded: place)
            guard let text = sqlite3_column_text(statement, place) else { return "" }
            return String(
                decoding: UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(statement, place))), as: UTF8.self)
        }

        package subscript(place: Int) -> Data {
            let place = CInt(truncatingIfNeeded: place)
            guard let bytes = sqlite3_column_blob(statement, place) else { return Data() }
            return Data(bytes: bytes, count: Int(sqlite3_column_bytes(statement, place)))
        }

        /// Of 16 bytes; what has another number of them names nothing.
        @inlinable
        package subscript<Subject>(place: Int) -> ID<Subject> {
            let (high, low) = halves(place)
            return ID(high: high, low: low)
        }

        @usableFromInline
        func halves(_ place: Int) -> (high: UInt64, low: UInt64) {
            let place = CInt(truncatingIfNeeded: place)
            guard let bytes = sqlite3_column_blob(statement, place), sqlite3_column_bytes(statement, place) == 16 else {
                return (0, 0)
            }
            return (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }

        package subscript(place: Int) -> Int64? { isNull(place) ? nil : .some(self[place]) }
        package subscript(place: Int) -> Int? { isNull(place) ? nil : .some(self[place]) }
        package subscript(place: Int) -> Timestamp? { isNull(place) ? nil : .some(self[place]) }
        package subscript(place: Int) -> String? { isNull(place) ? nil : .some(self[place]) }
        package subscript(place: Int) -> Data? { isNull(place) ? nil : .some(self[place]) }
        @inlinable
        package subscript<Subject>(place: Int) -> ID<Subject>? { isNull(place) ? nil : .some(self[place]) }
    }
}
