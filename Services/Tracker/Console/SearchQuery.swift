import Mail

/// What someone typed into the search box, understood: plain words, and `key:value` for what can be said exactly.
///
/// `gallery status:bounced to:ann@ kind:reminder in:"Smith wedding" before:2026-11-01`. Keys and statuses are read in any case. Quotes keep
/// spaces together, in a value or on their own. A key that is said twice counts the last time.
/// What cannot be understood is named in ``problems`` and otherwise left out; nothing is refused.
struct SearchQuery: Equatable, Sendable {
    var words: [String] = []
    var status: EmailStatus?
    /// Part of an address or name.
    var recipient: String?
    var kind: String?
    var collection: String?
    /// The first day that counts.
    var after: CivilDate?
    /// The first day that no longer counts.
    var before: CivilDate?
    /// One sentence for each part that made no sense.
    var problems: [String] = []

    /// The longest query that is read, in characters; the rest is ignored.
    static let longest = 400

    init() {}

    init(_ text: String) {
        for (key, value) in Self.parts(of: text.prefix(Self.longest)) {
            switch key {
            case "status": add(status: value)
            case "to": recipient = value
            case "kind": kind = value
            case "in": collection = value
            case "after": after = day(value, key: key) ?? after
            case "before": before = day(value, key: key) ?? before
            default: words.append(value)
            }
        }
    }

    /// The query written out again: reading it gives the same query.
    var text: String {
        var parts = words.map(Self.quoted)
        if let status { parts.append("status:" + status.rawValue) }
        if let recipient { parts.append("to:" + Self.quoted(recipient)) }
        if let kind { parts.append("kind:" + Self.quoted(kind)) }
        if let collection { parts.append("in:" + Self.quoted(collection)) }
        if let after { parts.append("after:\(after)") }
        if let before { parts.append("before:\(before)") }
        return parts.joined(separator: " ")
    }

    var isEmpty: Bool { text.isEmpty }

    /// The same query with another status.
    func with(status: EmailStatus?) -> SearchQuery {
        var copy = self
        copy.status = status
        return copy
    }

    /// The same query about mailings accepted before a day.
    func with(before day: CivilDate) -> SearchQuery {
        var copy = self
        copy.before = day
        return copy
    }

    /// What the history is asked.
    var filter: EmailFilter {
        EmailFilter(
            words: words.isEmpty ? nil : words.joined(separator: " "), status: status, kind: kind, collection: collection,
            recipient: recipient, after: after.map(Self.midnight), before: before.map(Self.midnight))
    }

    /// The first moment of a day in UTC.
    static func midnight(_ day: CivilDate) -> Timestamp {
        Timestamp(microseconds: CivilTime(date: day, secondOfDay: 0).microsecondsIfUTC)
    }

    private mutating func add(status value: String) {
        let word = value.lowercased()
        if let known = EmailStatus(rawValue: word) ?? Self.otherWords[word] {
            status = known
        } else {
            let known = EmailStatus.allCases.map(\.rawValue).joined(separator: ", ")
            problems.append("“\(value)” is not a status. There are: \(known).")
        }
    }

    /// The same states under the names that other products give them.
    private static let otherWords: [String: EmailStatus] = [
        "accepted": .state(.pending), "processed": .state(.pending), "queued": .state(.pending), "sent": .state(.delivered),
        "rejected": .state(.bounced), "blocked": .state(.bounced), "retrying": .state(.deferred), "canceled": .state(.cancelled),
        "opened": .read, "viewed": .read,
    ]

    private mutating func day(_ value: String, key: String) -> CivilDate? {
        guard let date = CivilDate(value) else {
            problems.append("“\(value)” is not a day. Write it as \(key):2026-11-01.")
            return nil
        }
        return date
    }

    private static let keys: Set<String> = ["status", "to", "kind", "in", "after", "before"]

    /// Takes the text apart; a part without a known key, or with nothing after its colon, is a word with an empty key.
    private static func parts(of text: Substring) -> [(key: String, value: String)] {
        var found: [(String, String)] = []
        var rest = text.drop(while: \.isWhitespace)
        while !rest.isEmpty {
            let head = rest.prefix { !$0.isWhitespace && $0 != ":" && $0 != "\"" }
            let key = head.lowercased()
            let afterHead = rest[head.endIndex...]
            if afterHead.first == ":", keys.contains(key), let next = afterHead.dropFirst().first, !next.isWhitespace {
                let (value, after) = value(at: afterHead.dropFirst())
                if !value.isEmpty { found.append((key, value)) }
                rest = after
            } else {
                let (word, after) = value(at: rest)
                if !word.isEmpty { found.append(("", word)) }
                rest = after
            }
            rest = rest.drop(while: \.isWhitespace)
        }
        return found
    }

    /// A quoted text (to its closing quote, or to the end) or everything up to the next space.
    private static func value(at text: Substring) -> (String, rest: Substring) {
        guard text.first == "\"" else {
            let word = text.prefix { !$0.isWhitespace }
            return (word.filter { $0 != "\"" }, text[word.endIndex...])
        }
        let inside = text.dropFirst().prefix { $0 != "\"" }
        return (inside.trimming(while: \.isWhitespace), text[inside.endIndex...].dropFirst())
    }

    /// In quotes where reading it back would otherwise take it for something else.
    private static func quoted(_ value: String) -> String {
        value.contains(where: { $0.isWhitespace || $0 == ":" }) ? "\"\(value)\"" : value
    }
}

extension Substring {
    fileprivate func trimming(while isDropped: (Character) -> Bool) -> String {
        var kept = drop(while: isDropped)
        while let last = kept.last, isDropped(last) { kept.removeLast() }
        return String(kept)
    }
}
