import Mail

/// How many deliveries may be under way at once, and how many may begin in a time; `nil` where that is not limited.
struct Limit: Hashable, Sendable {
    var concurrency: Int?
    var rate: Rate?

    /// So many in so long a time, spread evenly.
    struct Rate: Hashable, Sendable {
        let perSecond: Double
        /// The most that may begin at once: a tenth of a second's worth and one, so that none is lost to the tickets' way.
        var burst: Double { 1 + (perSecond / 10).rounded(.down) }
    }
}

/// The limits that an operator has set, by name.
///
/// Rules are parted by `;`, each `names=limits`: names parted by spaces share one limit together; a limit is a number (at once),
/// a rate (`20/s`, `600/min`, `5000/h`), or both parted by a comma. `*` is each one that no rule names, by itself. Where names are
/// domains, `*.example.net` is all below that domain together. For example:
///
///     gmail.com googlemail.com=20,600/min; *.example.net=5; *=100
struct LimitTable: Hashable, Sendable {
    /// Of each name that has no rule.
    private(set) var others = Limit()
    private var rules: [String: Rule] = [:]
    private var hasSuffixes = false

    private struct Rule: Hashable, Sendable {
        /// What the names of the rule are called together.
        let name: String
        let limit: Limit
    }

    /// No limits.
    init() {}

    /// - Parameter read: Gives a name its one spelling; `nil` for what is not a name.
    /// - Throws: ``Malformed``
    init(_ text: String, read: (String) -> String?) throws(Malformed) {
        for rule in text.split(separator: ";") where !rule.allSatisfy(\.isWhitespace) {
            let sides = rule.split(separator: "=", omittingEmptySubsequences: false)
            let names = sides[0].split(whereSeparator: \.isWhitespace).map(String.init)
            guard sides.count == 2, !names.isEmpty else {
                throw Malformed("\(rule.debugDescription) is not of the form names=limits")
            }
            let limit = try Self.limit(String(sides[1]))
            if names == ["*"], others == Limit() {
                others = limit
                continue
            }
            var together: String?
            for name in names {
                let isSuffix = name.hasPrefix("*.")
                guard name != "*", let bare = read(isSuffix ? String(name.dropFirst(2)) : name) else {
                    throw Malformed("\(name.debugDescription) is not a name; * stands alone, and once")
                }
                let key = isSuffix ? "*." + bare : bare
                hasSuffixes = hasSuffixes || isSuffix
                let known = rules.updateValue(Rule(name: together ?? key, limit: limit), forKey: key)
                guard known == nil else { throw Malformed("\(name) has two rules") }
                together = together ?? key
            }
        }
    }

    /// What is wrong with a table.
    struct Malformed: Error, Hashable, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// The name under which `name` is counted, and the limit. Asked for that name, it gives the same.
    func rule(for name: String) -> (name: String, limit: Limit) {
        if let rule = rules[name] { return (rule.name, rule.limit) }
        var rest = name[...]
        while hasSuffixes, let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            if let rule = rules["*." + rest] { return (rule.name, rule.limit) }
        }
        return (name, others)
    }

    private static func limit(_ text: String) throws(Malformed) -> Limit {
        var limit = Limit()
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: "/", omittingEmptySubsequences: false).map { word in
                String(word.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
            }
            guard let number = Int(words[0]), (1...1_000_000).contains(number) else {
                throw Malformed("\(part.debugDescription) is neither a number from 1 to 1,000,000 nor a rate such as 20/s")
            }
            if words.count == 1, limit.concurrency == nil {
                limit.concurrency = number
            } else if words.count == 2, limit.rate == nil, let seconds = units[words[1]] {
                limit.rate = Limit.Rate(perSecond: Double(number) / seconds)
            } else {
                throw Malformed(
                    "\(text.debugDescription) is not a number, a rate (20/s, 600/min, 5000/h), or both parted by a comma")
            }
        }
        return limit
    }

    private static let units: [String: Double] = ["s": 1, "min": 60, "h": 3600]
}
