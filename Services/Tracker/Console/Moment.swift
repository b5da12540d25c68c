import Mail
import Runtime

/// How a time is written. The server writes UTC and says so at the foot of the page; the script writes the reader's own time instead.
enum Moment {
    /// For lists: `14:05` today, `22 Nov, 14:05` this year, otherwise with the year.
    static func brief(_ time: Timestamp, now: Timestamp) -> HTML {
        let (there, here) = (parts(time), parts(now))
        let clock = "\(two(there.hour)):\(two(there.minute))"
        let text =
            if there.date == here.date {
                clock
            } else if there.date.year == here.date.year {
                "\(there.date.day) \(months[there.date.month - 1]), \(clock)"
            } else {
                "\(there.date.day) \(months[there.date.month - 1]) \(there.date.year)"
            }
        return "<time datetime=\"\(machine(time))\" data-style=\"brief\">\(text)</time>"
    }

    /// For timelines: `22 Nov 2026, 14:05:09`.
    static func full(_ time: Timestamp) -> HTML {
        let there = parts(time)
        let text =
            "\(there.date.day) \(months[there.date.month - 1]) \(there.date.year), \(two(there.hour)):\(two(there.minute)):\(two(there.second))"
        return "<time datetime=\"\(machine(time))\" data-style=\"full\">\(text)</time>"
    }

    /// For sentences: `Tuesday 24 Nov, 14:05`.
    static func spoken(_ time: Timestamp) -> HTML {
        let there = parts(time)
        let weekday = weekdays[Int((there.date.dayNumber % 7 + 11) % 7)]
        let text = "\(weekday) \(there.date.day) \(months[there.date.month - 1]), \(two(there.hour)):\(two(there.minute))"
        return "<time datetime=\"\(machine(time))\" data-style=\"spoken\">\(text)</time>"
    }

    /// Whole seconds: `2026-11-22T14:05:09Z`.
    static func machine(_ time: Timestamp) -> String { time.description.prefix(19) + "Z" }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    /// 1970-01-01 was a Thursday.
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    private static func parts(_ time: Timestamp) -> (date: CivilDate, hour: Int, minute: Int, second: Int) {
        let (quotient, remainder) = time.seconds.quotientAndRemainder(dividingBy: 86_400)
        let (day, second) = remainder < 0 ? (quotient - 1, Int(remainder + 86_400)) : (quotient, Int(remainder))
        return (CivilDate(dayNumber: day), second / 3600, second / 60 % 60, second % 60)
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
}
