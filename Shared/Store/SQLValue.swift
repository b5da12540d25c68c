package import Foundation
package import Mail

/// A value for one parameter of a ``Query``.
package enum SQLValue: Sendable {
    case null
    case integer(Int64)
    case string(String)
    case blob(Data)
    /// A blob of the 16 bytes of two numbers, most significant first.
    case halves(UInt64, UInt64)

    package static func id<Subject>(_ id: ID<Subject>?) -> SQLValue { id.map { .halves($0.high, $0.low) } ?? .null }
    package static func time(_ time: Timestamp?) -> SQLValue { time.map { .integer($0.microseconds) } ?? .null }
    package static func number(_ number: Int?) -> SQLValue { number.map { .integer(Int64($0)) } ?? .null }
    package static func flag(_ flag: Bool) -> SQLValue { .integer(flag ? 1 : 0) }
    package static func text(_ text: String?) -> SQLValue { text.map { .string($0) } ?? .null }
}
