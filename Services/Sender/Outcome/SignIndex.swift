import Mail

/// A sign of what a server means: phrases that say the same.
struct Sign: Sendable {
    enum Meaning: Hashable, Sendable {
        case reason(BounceReason)
        /// "Later": what it says may pass.
        case passing
        /// "Never": it will not.
        case lasting
    }

    let meaning: Meaning
    /// How much a phrase tells: 9 leaves nothing open, 7 is clear, 5 likely, 3 a hint, 1 faint.
    let weight: Int
    /// Words in lower case without punctuation, as ``ReplyText`` has them. `*` at the end stands for any ending, ` ~ ` for up to
    /// ``SignIndex/gap`` bytes of other words, a dot before a word for a part of a host name or link.
    let phrases: [String]

    init(_ reason: BounceReason, _ weight: Int, _ phrases: [String]) {
        self.init(.reason(reason), weight, phrases)
    }

    init(_ meaning: Meaning, _ weight: Int, _ phrases: [String]) {
        self.meaning = meaning
        self.weight = weight
        self.phrases = phrases
    }
}

/// Finds the signs in a text in one pass: every phrase is filed under its first four bytes.
struct SignIndex: Sendable {
    private struct Phrase: Sendable {
        /// One or more, in the order in which they must stand.
        let parts: [[UInt8]]
        let sign: Int
    }

    /// The heaviest sign found of each meaning.
    typealias Weights = [Sign.Meaning: Int]

    /// The most bytes between the parts of a phrase.
    static let gap = 72

    private let signs: [Sign]
    private var phrases: [UInt32: [Phrase]] = [:]

    init(_ signs: [Sign]) {
        self.signs = signs
        for (number, sign) in signs.enumerated() {
            for phrase in sign.phrases {
                let parts = ReplyText.folded(phrase).split(separator: " ~ ").map(Self.part)
                guard let first = parts.first, first.count >= 4 else { continue }
                phrases[Self.key(first[...]), default: []].append(Phrase(parts: parts, sign: number))
            }
        }
    }

    func weights(in words: [UInt8]) -> Weights {
        var weights: Weights = [:]
        var index = 0
        while index + 4 <= words.count {
            // A word begins after a blank; in writing without blanks it may begin anywhere.
            if (index == 0 || words[index - 1] == UInt8(ascii: " ") || words[index] >= 0xC0), words[index] != UInt8(ascii: " ") {
                for phrase in phrases[Self.key(words[index...])] ?? [] {
                    let sign = signs[phrase.sign]
                    guard weights[sign.meaning, default: 0] < sign.weight, stands(phrase, at: index, in: words) else { continue }
                    weights[sign.meaning] = sign.weight
                }
            }
            index += 1
        }
        return weights
    }

    private func stands(_ phrase: Phrase, at index: Int, in words: [UInt8]) -> Bool {
        guard let first = phrase.parts.first, words[index...].starts(with: first) else { return false }
        var from = index + first.count
        for part in phrase.parts.dropFirst() {
            let last = min(from + Self.gap, words.count - part.count)
            guard from <= last,
                let found = (from...last).first(where: { start in
                    (words[start - 1] == UInt8(ascii: " ") || words[start] >= 0xC0) && words[start...].starts(with: part)
                })
            else { return false }
            from = found + part.count
        }
        return true
    }

    /// A part ends with its last word, unless that may have any ending or is in a writing without blanks.
    private static func part(_ text: Substring) -> [UInt8] {
        if text.hasSuffix("*") { return Array(text.dropLast().utf8) }
        let bytes = Array(text.utf8)
        return bytes.last.map { $0 >= 0xE3 || bytes.count >= 3 && bytes[bytes.count - 3] >= 0xE3 } == true
            ? bytes : bytes + [UInt8(ascii: " ")]
    }

    private static func key(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }
}
