/// A day of the Gregorian calendar, without a zone. Years 1 to 9999.
package struct CivilDate: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let year: Int
    package let month: Int
    package let day: Int

    /// `nil` for a day that does not exist, such as 30 February.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year) else {
            return nil
        }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Reads `2026-12-24`; `nil` for anything else.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = CivilTime.number(bytes[0...3]), let month = CivilTime.number(bytes[5...6]),
            let day = CivilTime.number(bytes[8...9])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// The day that is `dayNumber` days after 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    package init(dayNumber: Int64) {
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
        month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01; negative before.
    package var dayNumber: Int64 {
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    package func adding(days: Int) -> CivilDate { CivilDate(dayNumber: dayNumber + Int64(days)) }

    package var description: String {
        func padded(_ value: Int, _ width: Int) -> String {
            String(repeating: "0", count: max(0, width - String(value).count)) + String(value)
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    package static func < (one: CivilDate, other: CivilDate) -> Bool {
        (one.year, one.month, one.day) < (other.year, other.month, other.day)
    }

    package static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// What a clock on a wall shows, without a zone.
package struct CivilTime: Hashable, Sendable {
    package let date: CivilDate
    /// 0 to 86,399.
    package let secondOfDay: Int
    /// 0 to 999,999.
    package let microsecond: Int

    package init(date: CivilDate, secondOfDay: Int, microsecond: Int = 0) {
        self.date = date
        self.secondOfDay = secondOfDay
        self.microsecond = microsecond
    }

    /// The moment's microseconds since 1970 if the wall hung in UTC.
    package var microsecondsIfUTC: Int64 {
        (date.dayNumber * 86_400 + Int64(secondOfDay)) * 1_000_000 + Int64(microsecond)
    }

    /// Reads `2026-12-01T09:00:00.5` at the start of `text` and gives back what follows it; `nil` where there is none.
    /// A leap second (`:60`) counts as the last second of its minute.
    package static func read<Text: StringProtocol>(_ text: Text) -> (CivilTime, rest: String)? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, let date = CivilDate(String(decoding: bytes[0..<10], as: UTF8.self)),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
            let hour = number(bytes[11...12]), let minute = number(bytes[14...15]), let second = number(bytes[17...18]),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        var index = 19
        var microsecond = 0
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            let decimals = bytes[(index + 1)...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard (1...9).contains(decimals.count) else { return nil }
            for position in 0..<6 {
                let at = decimals.startIndex + position
                microsecond = microsecond * 10 + (at < decimals.endIndex ? Int(decimals[at] - UInt8(ascii: "0")) : 0)
            }
            index = decimals.endIndex
        }
        let time = CivilTime(date: date, secondOfDay: hour * 3600 + minute * 60 + min(second, 59), microsecond: microsecond)
        return (time, String(decoding: bytes[index...], as: UTF8.self))
    }

    static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }
}
