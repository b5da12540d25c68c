import Crypto
import Foundation

/// The name of one thing for ever: a UUID that says in its type what it names, so that a delivery cannot be passed for a mailing.
///
/// New things get version 7 (RFC 9562 section 5.7), which sorts by time of making; things that must get the same
/// name however often they are made get version 8, derived from what they are.
package struct ID<Subject>: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    @inlinable
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 16 bytes, most significant first; `nil` for any other number of bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            if index < 8 { halves.0 = halves.0 << 8 | UInt64(byte) } else { halves.1 = halves.1 << 8 | UInt64(byte) }
        }
        self.init(high: halves.0, low: halves.1)
    }

    /// Reads the usual 36 characters, `0192…-…`, in either case; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        var text = String(text)
        guard let id = text.withUTF8(ID.init(ascii:)) else { return nil }
        self = id
    }

    /// A new name, UUID version 7.
    /// - Parameters:
    ///   - time: The moment of making; its milliseconds lead, so that later names sort after earlier ones.
    ///   - random: Where the other 74 bits come from.
    package static func v7(at time: Timestamp, random: inout some RandomNumberGenerator) -> ID {
        let milliseconds = UInt64(clamping: time.microseconds / 1000) & 0xFFFF_FFFF_FFFF
        let high = milliseconds << 16 | 0x7000 | random.next() & 0x0FFF
        let low = 0x8000_0000_0000_0000 | random.next() & 0x3FFF_FFFF_FFFF_FFFF
        return ID(high: high, low: low)
    }

    /// The name that follows from `parts`, UUID version 8: the same parts always give the same name.
    package static func derived(from parts: String...) -> ID {
        var hash = SHA256()
        for part in parts {
            withUnsafeBytes(of: UInt64(part.utf8.count).bigEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: Data(part.utf8))
        }
        let digest = ID(bytes: Array(hash.finalize().prefix(16))) ?? ID(high: 0, low: 0)
        return ID(
            high: digest.high & 0xFFFF_FFFF_FFFF_0FFF | 0x8000,
            low: digest.low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }

    /// The 16 bytes, most significant first.
    package var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    /// The usual 36 characters, in lower case.
    package var description: String { UUIDText.write(high: high, low: low) }

    // Within reach of other modules' optimizers: sets and dictionaries of these are everywhere.

    @inlinable
    package static func < (one: ID, other: ID) -> Bool {
        one.high == other.high ? one.low < other.low : one.high < other.high
    }

    @inlinable
    package static func == (one: ID, other: ID) -> Bool {
        one.high == other.high && one.low == other.low
    }

    @inlinable
    package func hash(into hasher: inout Hasher) {
        hasher.combine(high)
        hasher.combine(low)
    }
}

/// The 36 characters of a UUID. Not generic, and so quick: every message has its own.
private enum UUIDText {
    static let length = 36

    static func read(_ text: UnsafeBufferPointer<UInt8>) -> (high: UInt64, low: UInt64)? {
        guard text.count == length else { return nil }
        var halves: (high: UInt64, low: UInt64) = (0, 0)
        for index in 0..<length {
            let character = text[index]
            if isHyphen(index) {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let digit = hexValue(character) else { return nil }
            if index < 18 {
                halves.high = halves.high << 4 | UInt64(digit)
            } else {
                halves.low = halves.low << 4 | UInt64(digit)
            }
        }
        return halves
    }

    static func write(high: UInt64, low: UInt64) -> String {
        String(unsafeUninitializedCapacity: length) { text in
            write(high: high, low: low, to: text)
            return length
        }
    }

    static func write(high: UInt64, low: UInt64, to text: UnsafeMutableBufferPointer<UInt8>) {
        var shift: UInt64 = 64
        for index in 0..<length {
            if isHyphen(index) {
                text[index] = UInt8(ascii: "-")
                if index == 18 { shift = 64 }
                continue
            }
            shift -= 4
            text[index] = hexDigit(UInt8(truncatingIfNeeded: (index < 18 ? high : low) >> shift) & 15)
        }
    }

    private static func isHyphen(_ index: Int) -> Bool { index == 8 || index == 13 || index == 18 || index == 23 }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func hexValue(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension ID: JSONTextual {
    package init?(ascii: UnsafeBufferPointer<UInt8>) {
        guard let halves = UUIDText.read(ascii) else { return nil }
        self.init(high: halves.high, low: halves.low)
    }

    package func write(to output: inout JSONOutput) {
        output.plainText(UUIDText.length) { UUIDText.write(high: high, low: low, to: $0) }
    }

    package static var form: String { "an identifier has 36 characters, such as 01923f6e-7b1a-7c3d-9a4e-0123456789ab" }
}

package enum OfMailing {}
package enum OfDelivery {}
package enum OfFact {}
package enum OfMessage {}
package enum OfSession {}
package enum OfReminder {}

package typealias MailingID = ID<OfMailing>
package typealias DeliveryID = ID<OfDelivery>
package typealias FactID = ID<OfFact>
/// Names one AMQP message.
package typealias MessageID = ID<OfMessage>
/// Names one life of one sender process: from its start to its end.
package typealias SessionID = ID<OfSession>
package typealias ReminderID = ID<OfReminder>
