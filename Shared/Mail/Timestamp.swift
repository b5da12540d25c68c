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

extension Timestamp: JSONTextual {
    /// RFC 3339 in UTC with microseconds: `2026-12-01T08:00:00.000000Z`. Sorts as text in order of time.
    package var description: String {
        String(unsafeUninitializedCapacity: Self.length) { text in
            write(to: text)
            return Self.length
        }
    }

    private static let length = 27

    private func write(to text: UnsafeMutableBufferPointer<UInt8>) {
        let (day, second) = seconds.quotientAndRemainder(dividingBy: 86_400)
        let civil = CivilDate(dayNumber: second < 0 ? day - 1 : day)
        let secondOfDay = second < 0 ? second + 86_400 : second
        let fraction = (microseconds % 1_000_000 + 1_000_000) % 1_000_000
        var end = 0
        func put(_ value: Int64, digits: Int, then mark: UInt8) {
            // Beyond the years that can be written the text is wrong, and no trap.
            var rest = value.magnitude
            for place in (end..<end + digits).reversed() {
                text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            text[end + digits] = mark
            end += digits + 1
        }
        put(Int64(civil.year), digits: 4, then: UInt8(ascii: "-"))
        put(Int64(civil.month), digits: 2, then: UInt8(ascii: "-"))
        put(Int64(civil.day), digits: 2, then: UInt8(ascii: "T"))
        put(secondOfDay / 3600, digits: 2, then: UInt8(ascii: ":"))
        put(secondOfDay / 60 % 60, digits: 2, then: UInt8(ascii: ":"))
        put(secondOfDay % 60, digits: 2, then: UInt8(ascii: "."))
        put(fraction, digits: 6, then: UInt8(ascii: "Z"))
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

    package init?(ascii: UnsafeBufferPointer<UInt8>) {
        if let own = Self.readOwn(ascii) { self = own } else { self.init(String(decoding: ascii, as: UTF8.self)) }
    }

    /// What ``description`` writes, which is nearly all there is to read; `nil` for any other form.
    private static func readOwn(_ text: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        func number(_ places: Range<Int>) -> Int? {
            var number = 0
            for place in places {
                let digit = text[place] &- UInt8(ascii: "0")
                guard digit < 10 else { return nil }
                number = number * 10 + Int(digit)
            }
            return number
        }
        guard text.count == length, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), text[10] == UInt8(ascii: "T"),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"), text[19] == UInt8(ascii: "."),
            text[26] == UInt8(ascii: "Z"),
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let date = CivilDate(year: year, month: month, day: day), let hour = number(11..<13), let minute = number(14..<16),
            let second = number(17..<19), let fraction = number(20..<26), hour < 24, minute < 60, second < 60
        else { return nil }
        return Timestamp(
            microseconds: (date.dayNumber * 86_400 + Int64(hour * 3600 + minute * 60 + second)) * 1_000_000 + Int64(fraction))
    }

    package func write(to output: inout JSONOutput) { output.plainText(Self.length, write) }

    package static var form: String { "a time is written as in RFC 3339, such as 2026-12-01T08:00:00Z" }
}
