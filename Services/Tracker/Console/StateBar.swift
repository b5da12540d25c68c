import Mail
import Runtime

/// The sum of a mailing's states as one bar: every recipient has the same width, so the parts add up to all of them.
enum StateBar {
    /// The order of the parts, from what arrived to what never left.
    static let order: [DeliveryState] = [
        .delivered, .sending, .pending, .scheduled, .deferred, .uncertain, .bounced, .failed, .dropped, .cancelled,
    ]

    /// - Parameter states: Recipients in each state.
    static func svg(_ states: [DeliveryState: Int], style: HTML = "bar") -> HTML {
        let present = order.filter { states[$0, default: 0] > 0 }
        let total = present.reduce(0) { $0 + states[$1, default: 0] }
        guard total > 0 else { return "" }
        var start = 0
        var parts: [HTML] = []
        for state in present {
            let count = states[state, default: 0]
            parts.append("<rect class=\"\(state.tone.rawValue)\" x=\"\(start)\" width=\"\(count)\" height=\"1\"/>")
            start += count
        }
        let words = present.map { "\(states[$0, default: 0]) \($0.word.lowercased())" }.joined(separator: ", ")
        return """
            <svg class="\(style)" viewBox="0 0 \(total) 1" preserveAspectRatio="none" role="img" aria-label="\(words)">\(parts)</svg>
            """
    }

    /// One entry for each state that occurs; each leads to the recipients in it.
    static func legend(_ states: [DeliveryState: Int], link: (DeliveryState) -> String, shown: DeliveryState?) -> HTML {
        let entries: [HTML] = order.filter { states[$0, default: 0] > 0 }.map { state in
            let current: HTML = shown == state ? " aria-current=\"true\"" : ""
            return """
                <li><a href="\(link(state))" title="\(state.meaning)"\(current)>\(state.tone.icon)<b>\(Figure.grouped(states[state, default: 0]))</b>\
                \(state.word)</a></li>
                """
        }
        return "<ul class=\"legend\">\(entries)</ul>"
    }
}

/// Numbers as people read them.
enum Figure {
    /// `12,345`.
    static func grouped(_ number: Int) -> String {
        var digits = String(number.magnitude)
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits.removeLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits[...]] + groups).joined(separator: ",")
    }

    /// `75 %`; whole percents, and never 0 or 100 unless it is exactly that.
    static func share(_ part: Int, of whole: Int) -> String? {
        guard whole > 0 else { return nil }
        if part <= 0 { return "0 %" }
        if part >= whole { return "100 %" }
        return "\(min(99, max(1, Int((Double(part) * 100 / Double(whole)).rounded())))) %"
    }

    /// `1 view`, `3 views`.
    static func count(_ number: Int, _ one: String, _ many: String) -> String {
        number == 1 ? "1 \(one)" : "\(grouped(number)) \(many)"
    }
}
