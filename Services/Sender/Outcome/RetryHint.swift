/// "Try again in 5 minutes": the wait that a server asks for in a temporary refusal.
enum RetryHint {
    /// In seconds, 1 to 86,400; `nil` where the text asks for none.
    static func seconds(in text: String) -> Int? {
        let words = text.prefix(4096).lowercased().split { !$0.isLetter && !$0.isNumber }
        for (index, word) in words.enumerated() {
            guard let (number, unit) = quantity(word, next: index + 1 < words.count ? words[index + 1] : nil),
                words[max(0, index - 3)..<index].contains(where: { ["in", "after", "for", "wait", "least"].contains($0) })
            else { continue }
            let (seconds, overflow) = number.multipliedReportingOverflow(by: unit)
            guard !overflow, seconds >= 1 else { continue }
            return min(seconds, 86_400)
        }
        return nil
    }

    /// `5 minutes`, `300s`.
    private static func quantity(_ word: Substring, next: Substring?) -> (number: Int, unit: Int)? {
        let digits = word.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.count <= 6, let number = Int(digits) else { return nil }
        let rest = word.dropFirst(digits.count)
        guard let name = rest.isEmpty ? next : rest, let unit = unit(name) else { return nil }
        return (number, unit)
    }

    private static func unit(_ name: Substring) -> Int? {
        switch name {
        case "s", "sec", "secs", "second", "seconds": 1
        case "m", "min", "mins", "minute", "minutes": 60
        case "h", "hr", "hour", "hours": 3600
        default: nil
        }
    }
}
