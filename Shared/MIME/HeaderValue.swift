import CGMime
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
    static func append(_ name: String, _ value: String, to object: UnsafeMutablePointer<GMimeObject>) {
        g_mime_object_append_header(object, name, "", nil)
        guard let list = g_mime_object_get_header_list(object) else { return }
        let count = g_mime_header_list_get_count(list)
        guard let header = g_mime_header_list_get_header_at(list, count - 1) else { return }
        g_mime_header_set_raw_value(header, " \(value)\r\n")
    }

    /// A subject or the like: folded at its spaces if it can stand as it is, in encoded words if not.
    static func unstructured(_ text: String, after name: String) -> String {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let isPlain =
            text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && !text.contains("=?") && text.first != " " && text.last != " "
            && words.allSatisfy { $0.utf8.count <= longestWord }
        return folded(isPlain ? words : encodedWords(text), column: name.utf8.count + 2)
    }

    /// `Name <address>, …`, folded between them. A domain beyond ASCII is written as DNS knows it, so that a server needs SMTPUTF8 only
    /// where a local part does.
    static func mailboxes(_ mailboxes: [Mailbox], after name: String) -> String {
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
        return folded(words, column: name.utf8.count + 2)
    }

    private static func phrase(_ name: String) -> [String] {
        let isPlain = name.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && !name.contains("=?") && name.utf8.count <= longestQuoted
        guard isPlain else { return encodedWords(name) }
        let isAtoms = name.split(separator: " ", omittingEmptySubsequences: false).allSatisfy { word in
            !word.isEmpty
                && word.utf8.allSatisfy { byte in
                    Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber
                        || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
                }
        }
        guard !isAtoms else { return name.split(separator: " ").map(String.init) }
        return ["\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""]
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
