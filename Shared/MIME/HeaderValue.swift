import Foundation
import Mail

/// Header values as they stand in a message: encoded (RFC 2047), folded, and free of anything that could end the header.
enum HeaderValue {
    /// Where lines are folded, in bytes (RFC 5322 section 2.1.1).
    private static let fold = 76
    /// The most bytes of text in one encoded word, so that with its frame it stays within 75 (RFC 2047 section 2).
    private static let wordBytes = 42

    /// The longest word that stands as it is: lines have at most 998 bytes.
    private static let longestWord = 900

    /// The longest name that stands in quotes, where it cannot be folded.
    private static let longestQuoted = 200

    /// Adds a header whose value is written as it is.
    static func append(_ name: String, _ value: String, to wire: inout [UInt8]) {
        wire += name.utf8
        wire.append(UInt8(ascii: ":"))
        wire.append(UInt8(ascii: " "))
        wire += value.utf8
        wire.append(UInt8(ascii: "\r"))
        wire.append(UInt8(ascii: "\n"))
    }

    /// As RFC 5322 section 3.3 writes a time, in UTC: `Sun, 22 Nov 2026 19:27:27 +0000`.
    static func date(_ time: Timestamp) -> String {
        let second = (time.seconds % 86_400 + 86_400) % 86_400
        let number = (time.seconds - second) / 86_400
        let day = CivilDate(dayNumber: number)
        // The first day of 1970 was a Thursday.
        let weekday = weekdays[Int((number % 7 + 11) % 7)]
        let clock = [second / 3600, second / 60 % 60, second % 60].map { padded($0, to: 2) }.joined(separator: ":")
        return "\(weekday), \(padded(day.day, to: 2)) \(months[day.month - 1]) \(padded(day.year, to: 4)) \(clock) +0000"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func padded(_ number: some BinaryInteger, to digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// A subject or the like: folded at its spaces if it can stand as it is, in encoded words if not.
    static func unstructured(_ text: String, after name: String) -> String {
        let column = name.utf8.count + 2
        let isPlain = isPlain(text) && text.utf8.first != UInt8(ascii: " ") && text.utf8.last != UInt8(ascii: " ")
        if isPlain, column + text.utf8.count <= fold { return text }
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let isFoldable = isPlain && words.allSatisfy { $0.utf8.count <= longestWord }
        return folded(isFoldable ? words : encodedWords(text), column: column)
    }

    /// Whether a text can stand as it is: printable ASCII without what looks like an encoded word.
    private static func isPlain(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            guard byte >= 0x20, byte < 0x7F, !(byte == UInt8(ascii: "?") && previous == UInt8(ascii: "=")) else { return false }
            previous = byte
        }
        return true
    }

    /// `Name <address>, …`, folded between them. A domain beyond ASCII is written as DNS knows it, so that a server needs SMTPUTF8 only
    /// where a local part does.
    static func mailboxes(_ mailboxes: [Mailbox], after header: String) -> String {
        // Most headers name one mailbox and fit on a line.
        if mailboxes.count == 1, let name = mailboxes[0].name, isAtoms(name) {
            let value = "\(name) <\(mailboxes[0].address.envelopeForm)>"
            if header.utf8.count + 2 + value.utf8.count <= fold { return value }
        }
        var words: [String] = []
        for (index, mailbox) in mailboxes.enumerated() {
            let comma = index == mailboxes.count - 1 ? "" : ","
            guard let name = mailbox.name, !name.isEmpty else {
                words.append("\(mailbox.address.envelopeForm)\(comma)")
                continue
            }
            words += phrase(name)
            words.append("<\(mailbox.address.envelopeForm)>\(comma)")
        }
        return folded(words, column: header.utf8.count + 2)
    }

    private static func phrase(_ name: String) -> [String] {
        guard isPlain(name), name.utf8.count <= longestQuoted else { return encodedWords(name) }
        guard !isAtoms(name) else { return name.split(separator: " ").map(String.init) }
        return ["\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""]
    }

    /// Whether a name is atoms with a space between each two.
    private static func isAtoms(_ name: String) -> Bool {
        var wasSpace = true
        for byte in name.utf8 {
            let isSpace = byte == UInt8(ascii: " ")
            guard isSpace ? !wasSpace : isAtomText(byte) else { return false }
            wasSpace = isSpace
        }
        return !wasSpace && isPlain(name)
    }

    /// RFC 5322 section 3.2.3.
    private static func isAtomText(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }

    /// Base64 in UTF-8, split between characters.
    private static func encodedWords(_ text: String) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        func end() {
            guard !word.isEmpty else { return }
            words.append("=?UTF-8?B?\(Data(word).base64EncodedString())?=")
            word = []
        }
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if word.count + bytes.count > wordBytes { end() }
            word += bytes
        }
        end()
        return words
    }

    private static func folded(_ words: [String], column: Int) -> String {
        var column = column
        var value = ""
        for (index, word) in words.enumerated() {
            if index > 0 {
                let isFull = !word.isEmpty && column + 1 + word.utf8.count > fold
                value += isFull ? "\r\n " : " "
                column = isFull ? 1 : column + 1
            }
            value += word
            column += word.utf8.count
        }
        return value
    }
}
