/// How a zone's clocks change every year, as POSIX writes it in the variable `TZ`: `CET-1CEST,M3.5.0,M10.5.0/3`
/// (POSIX chapter 8.3, with the hours from -167 to 167 of RFC 8536 section 3.3.1).
struct RecurringRule: Hashable, Sendable {
    /// Seconds east of UTC.
    private let standard: Int
    private let summer: Summer?

    private struct Summer: Hashable, Sendable {
        var offset: Int
        var start: Day
        var end: Day
    }

    /// A moment of every year, in the local time that holds before it.
    private struct Day: Hashable, Sendable {
        var date: Date
        /// Seconds after midnight.
        var second: Int

        enum Date: Hashable, Sendable {
            /// 1 to 365; 29 February is never counted.
            case withoutLeapDay(Int)
            /// 0 to 365; 29 February counts.
            case withLeapDay(Int)
            /// Weekday 0 (Sunday) to 6 of week 1 to 5, where 5 is the last.
            case week(month: Int, week: Int, weekday: Int)
        }
    }

    /// `nil` for a text that is no such rule.
    init?(_ text: some Collection<UInt8>) {
        var reader = RuleReader(rest: ArraySlice(text))
        guard reader.name(), let west = reader.time(hours: 0...24) else { return nil }
        standard = -west
        if reader.rest.isEmpty {
            summer = nil
            return
        }
        guard reader.name() else { return nil }
        var offset = standard + 3600
        if reader.rest.first != UInt8(ascii: ",") {
            guard let west = reader.time(hours: 0...24) else { return nil }
            offset = -west
        }
        guard reader.take(","), let start = Self.day(&reader), reader.take(","), let end = Self.day(&reader), reader.rest.isEmpty
        else {
            return nil
        }
        summer = Summer(offset: offset, start: start, end: end)
    }

    private static func day(_ reader: inout RuleReader) -> Day? {
        let date: Day.Date
        if reader.take("M") {
            guard let month = reader.number(in: 1...12), reader.take("."), let week = reader.number(in: 1...5), reader.take("."),
                let weekday = reader.number(in: 0...6)
            else { return nil }
            date = .week(month: month, week: week, weekday: weekday)
        } else if reader.take("J") {
            guard let day = reader.number(in: 1...365) else { return nil }
            date = .withoutLeapDay(day)
        } else {
            guard let day = reader.number(in: 0...365) else { return nil }
            date = .withLeapDay(day)
        }
        guard reader.take("/") else { return Day(date: date, second: 2 * 3600) }
        guard let second = reader.time(hours: 0...167) else { return nil }
        return Day(date: date, second: second)
    }

    /// Seconds east of UTC at a moment.
    func offset(atSecond second: Int64) -> Int {
        transitions(around: second).last { $0.at <= second }?.offset ?? standard
    }

    /// The changes of the year in which a moment lies and of its neighbours, in order.
    func transitions(around second: Int64) -> [(at: Int64, offset: Int)] {
        guard let summer else { return [] }
        let day = max(-719_162, min(2_932_896, second / 86_400))
        let year = CivilDate(dayNumber: day).year
        return ((year - 1)...(year + 1)).flatMap { year in
            let start = (at: Self.second(of: summer.start, in: year) - Int64(standard), offset: summer.offset)
            let end = (at: Self.second(of: summer.end, in: year) - Int64(summer.offset), offset: standard)
            return start.at <= end.at ? [start, end] : [end, start]
        }
    }

    /// Seconds since 1970 as the local clock counts them.
    private static func second(of day: Day, in year: Int) -> Int64 {
        let january = dayNumber(year: year, month: 1)
        let date: Int64
        switch day.date {
        case .withoutLeapDay(let number):
            date = january + Int64(number - 1 + (number >= 60 && CivilDate.days(inMonth: 2, of: year) == 29 ? 1 : 0))
        case .withLeapDay(let number):
            date = january + Int64(number)
        case .week(let month, let week, let weekday):
            let first = dayNumber(year: year, month: month)
            // 1970-01-01 was a Thursday, weekday 4.
            let ahead = (Int64(weekday) - (first + 4) % 7 + 14) % 7
            let wanted = ahead + Int64(week - 1) * 7
            date = first + (wanted < CivilDate.days(inMonth: month, of: year) ? wanted : wanted - 7)
        }
        return date * 86_400 + Int64(day.second)
    }

    /// The first of a month in days since 1970-01-01, also just outside the years that ``CivilDate`` knows.
    private static func dayNumber(year: Int, month: Int) -> Int64 {
        // The calendar repeats itself after 400 years of 146,097 days.
        let cycles = year < 1 ? -1 : year > 9999 ? 1 : 0
        guard let date = CivilDate(year: year - 400 * cycles, month: month, day: 1) else { return 0 }
        return date.dayNumber + Int64(146_097 * cycles)
    }
}

/// Takes the parts of a rule off its front.
private struct RuleReader {
    private(set) var rest: ArraySlice<UInt8>

    init(rest: ArraySlice<UInt8>) {
        self.rest = rest
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Skips an abbreviation: three letters or more, or anything of letters, digits and signs between `<` and `>`.
    mutating func name() -> Bool {
        let isQuoted = take("<")
        let name = rest.prefix { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || isQuoted && ((UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-".utf8.contains(byte))
        }
        rest = rest[name.endIndex...]
        return name.count >= 3 && (!isQuoted || take(">"))
    }

    mutating func number(in range: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...3).contains(digits.count), let value = CivilTime.number(digits), range.contains(value) else { return nil }
        rest = rest[digits.endIndex...]
        return value
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time(hours: ClosedRange<Int>) -> Int? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard var seconds = number(in: hours).map({ $0 * 3600 }) else { return nil }
        for unit in [60, 1] {
            guard take(":") else { break }
            guard let value = number(in: 0...59) else { return nil }
            seconds += value * unit
        }
        return isNegative ? -seconds : seconds
    }
}
