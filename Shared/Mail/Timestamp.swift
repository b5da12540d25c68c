package import Foundation

/// A moment, in microseconds since 1970 UTC. Years 1 to 9999.
package struct Timestamp: Hashable, Sendable, Comparable {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package init(_ date: Date) {
        let seconds = date.timeIntervalSince1970
        self.init(microseconds: Int64(max(-6.2e16, min(2.5e17, (seconds * 1e6).rounded()))))
    }

    /// For Foundation's calendars and formatters.
    package var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1e6) }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 {
        let (seconds, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0 ? seconds - 1 : seconds
    }

    package static func < (one: Timestamp, other: Timestamp) -> Bool { one.microseconds < other.microseconds }

    /// Saturates at the ends of time rather than trap.
    package static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let step = overflow ? (seconds < 0 ? Int64.min : Int64.max) : product
        let (sum, over) = time.microseconds.addingReportingOverflow(step)
        guard !over else { return Timestamp(microseconds: step < 0 ? .min : .max) }
        let (total, overAgain) = sum.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return Timestamp(microseconds: overAgain ? sum : total)
    }

    package static func - (time: Timestamp, duration: Duration) -> Timestamp { time + (.zero - duration) }

    package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .microseconds(later.microseconds) - .microseconds(earlier.microseconds)
    }
}

// MARK: - Text

extension Timestamp: CustomStringConvertible, Codable {
    /// RFC 3339 in UTC with microseconds: `2026-12-01T08:00:00.000000Z`. Sorts as text in order of time.
    package var description: String {
        let (day, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let dayNumber = second < 0 ? day - 1 : day
        let secondOfDay = second < 0 ? second + 86_400 : second
        let fraction = (microseconds % 1_000_000 + 1_000_000) % 1_000_000
        let civil = CivilDate(dayNumber: dayNumber)
        let parts: [(value: Int64, digits: Int, mark: UInt8)] = [
            (Int64(civil.year), 4, UInt8(ascii: "-")), (Int64(civil.month), 2, UInt8(ascii: "-")),
            (Int64(civil.day), 2, UInt8(ascii: "T")), (secondOfDay / 3600, 2, UInt8(ascii: ":")),
            (secondOfDay / 60 % 60, 2, UInt8(ascii: ":")), (secondOfDay % 60, 2, UInt8(ascii: ".")),
            (fraction, 6, UInt8(ascii: "Z")),
        ]
        return String(unsafeUninitializedCapacity: 27) { text in
            var end = 0
            for part in parts {
                // Beyond the years that can be written the text is wrong, and no trap.
                var rest = part.value.magnitude
                for place in (end..<end + part.digits).reversed() {
                    text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                text[end + part.digits] = part.mark
                end += part.digits + 1
            }
            return end
        }
    }

    /// Reads RFC 3339 (section 5.6): a date, `T`, a time with up to nine decimals, and `Z` or an offset. `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        guard let (local, rest) = CivilTime.read(text) else { return nil }
        let offset: Int64
        if rest == "Z" || rest == "z" {
            offset = 0
        } else {
            let parts = Array(rest.utf8)
            guard parts.count == 6, parts[3] == UInt8(ascii: ":"),
                let sign = [UInt8(ascii: "+"): 1, UInt8(ascii: "-"): -1][parts[0]],
                let hours = CivilTime.number(parts[1...2]), let minutes = CivilTime.number(parts[4...5]), hours < 24, minutes < 60
            else { return nil }
            offset = Int64(sign * (hours * 60 + minutes)) * 60
        }
        let moment = local.microsecondsIfUTC - offset * 1_000_000
        // The offset may lead out of the years that four digits can write.
        guard (-62_135_596_800_000_000..<253_402_300_800_000_000).contains(moment) else { return nil }
        self.init(microseconds: moment)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let time = Timestamp(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a time is written as in RFC 3339, such as 2026-12-01T08:00:00Z")
        }
        self = time
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
