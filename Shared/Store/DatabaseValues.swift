import Foundation
package import GRDB
package import Mail

/// Identifiers are stored as blobs of 16 bytes.
extension ID: DatabaseValueConvertible {
    package var databaseValue: DatabaseValue { Data(bytes).databaseValue }
    package static func fromDatabaseValue(_ value: DatabaseValue) -> ID? { Data.fromDatabaseValue(value).flatMap { ID(bytes: $0) } }
}

/// Moments are stored as integers: microseconds since 1970 UTC.
extension Timestamp: DatabaseValueConvertible {
    package var databaseValue: DatabaseValue { microseconds.databaseValue }
    package static func fromDatabaseValue(_ value: DatabaseValue) -> Timestamp? {
        Int64.fromDatabaseValue(value).map(Timestamp.init(microseconds:))
    }
}
