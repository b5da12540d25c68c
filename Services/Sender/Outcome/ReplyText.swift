import Foundation
import SMTP

/// What a server said, brought into a form in which phrases can be found: the codes taken out, lower case without accents, every word
/// between single spaces, and nothing of what the recipient's or the sender's address could smuggle in.
///
/// Addresses and IP addresses are left out. The parts of host names and links stand with a dot before them (`.zen .spamhaus .org`), so
/// that only who looks for them finds them. Hostile text: at most ``limit`` bytes are looked at, each once.
struct ReplyText {
    /// The first reply code, where one stands in the text.
    private(set) var code: Int?
    /// Every enhanced code, in order, each once.
    private(set) var enhanced: [EnhancedStatusCode] = []
    /// ` mailbox full `; a single space where nothing was said.
    private(set) var words: [UInt8] = [UInt8(ascii: " ")]
    /// Where in the conversation it was said, as the mail server that wrote the log remarks.
    private(set) var stage: SMTPStage?

    /// More than any server has to say.
    static let limit = 4096

    /// - Parameter text: One reply: its lines joined by spaces or line breaks (literal `\r\n` too), with or without codes, as it stands
    ///   in a log or in a `Diagnostic-Code` field (RFC 3464 section 2.3.6).
    init(_ text: some StringProtocol) {
        let start = Array(text.utf8.prefix(Self.limit))
        let bytes = Self.withoutEscapes(Array(Self.folded(String(decoding: start, as: UTF8.self)).utf8))
        words.reserveCapacity(bytes.count + 2)
        var rest = bytes[...]
        while let from = rest.firstIndex(where: { !Self.separates($0) }) {
            let end = rest[from...].firstIndex(where: Self.separates) ?? rest.endIndex
            take(rest[from..<end])
            rest = rest[end...]
        }
        for (remark, stage) in Self.remarks {
            guard let found = words.firstRange(of: remark) else { continue }
            self.stage = stage
            words.replaceSubrange(found, with: [UInt8(ascii: " ")])
            return
        }
    }

    /// Postfix's and Exim's.
    private static let remarks: [(words: [UInt8], stage: SMTPStage)] = [
        ("in reply to rcpt to command", .recipient), ("in reply to end of data command", .dot),
        ("in reply to mail from command", .mail),
        ("in reply to data command", .data), ("in reply to ehlo command", .hello), ("in reply to helo command", .hello),
        ("refused to talk to me", .greeting), ("smtp error from remote mail server after rcpt to", .recipient),
        ("smtp error from remote mail server after end of data", .dot),
        ("smtp error from remote mail server after pipelined", .mail),
        ("smtp error from remote mail server after mail from", .mail), ("smtp error from remote mail server after data", .data),
        ("smtp error from remote mail server after initial connection", .greeting),
    ].map { (Array(" \($0) ".utf8), $1) }

    /// A phrase of the table in the same form, without the spaces at its ends.
    static func folded(_ text: String) -> String {
        text.utf8.allSatisfy { $0 < 0x80 } ? text : text.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil)
    }

    /// With blanks for a literal `\r`, `\n` or `\t`, and for the `_` of a log that has no blanks.
    private static func withoutEscapes(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        if let gap = bytes.firstIndex(of: UInt8(ascii: "_")), bytes.firstIndex(of: UInt8(ascii: " ")).map({ $0 > gap + 40 }) ?? true
        {
            // qmail logs one word: Remote_host_said:_550_No_such_user.
            for index in bytes.indices where bytes[index] == UInt8(ascii: "_") { bytes[index] = UInt8(ascii: " ") }
        }
        guard bytes.contains(UInt8(ascii: "\\")) else { return bytes }
        for index in bytes.indices.dropLast() where bytes[index] == UInt8(ascii: "\\") {
            bytes[index] = UInt8(ascii: " ")
            if [UInt8(ascii: "r"), UInt8(ascii: "n"), UInt8(ascii: "t")].contains(bytes[index + 1]) {
                bytes[index + 1] = UInt8(ascii: " ")
            }
        }
        return bytes
    }

    private static func separates(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7F, UInt8(ascii: ";"), UInt8(ascii: ","), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\""):
            true
        default: false
        }
    }

    // MARK: - One run of characters between blanks

    private mutating func take(_ raw: ArraySlice<UInt8>) {
        var token = raw
        while let first = token.first, !Self.isWordPart(first) { token.removeFirst() }
        while let last = token.last, !Self.isWordPart(last) { token.removeLast() }
        guard !token.isEmpty else { return }
        if let found = Self.code(token) {
            if code == nil { code = found.code }
            token = found.rest
            if token.isEmpty { return }
            return take(token)
        }
        if let status = Self.status(token) {
            if !enhanced.contains(status.code), enhanced.count < 8 { enhanced.append(status.code) }
            if !status.rest.isEmpty { take(status.rest) }
            return
        }
        if let at = token.firstIndex(of: UInt8(ascii: "@")) {
            // What is glued to an address is still said: `ann@example.com:blocked`.
            if let colon = token[at...].firstIndex(of: UInt8(ascii: ":")) { take(token[(colon + 1)...]) }
            return
        }
        if Self.isAddressLiteral(token) { return }
        add(token, isHost: Self.isHost(token))
    }

    private mutating func add(_ token: ArraySlice<UInt8>, isHost: Bool) {
        var isInside = false
        for byte in token {
            if Self.isWordPart(byte) {
                if !isInside, isHost { words.append(UInt8(ascii: ".")) }
                isInside = true
                words.append(Self.lowered(byte))
            } else if byte != UInt8(ascii: "'") {
                if isInside { words.append(UInt8(ascii: " ")) }
                isInside = false
            }
        }
        if isInside { words.append(UInt8(ascii: " ")) }
    }

    // MARK: - What a run is

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

    private static func isWordPart(_ byte: UInt8) -> Bool {
        isDigit(byte) || isUpper(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte >= 0x80
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { isUpper(byte) ? byte | 0x20 : byte }

    /// `550`, `550-5.1.1`, `550-Mailbox`.
    private static func code(_ token: ArraySlice<UInt8>) -> (code: Int, rest: ArraySlice<UInt8>)? {
        let digits = token.prefix(3)
        guard digits.count == 3, digits.allSatisfy(isDigit), let first = digits.first,
            [UInt8(ascii: "2"), UInt8(ascii: "4"), UInt8(ascii: "5")].contains(first)
        else { return nil }
        let rest = token.dropFirst(3)
        guard let next = rest.first else { return (digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }, rest) }
        guard [UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "#"), UInt8(ascii: ",")].contains(next) else { return nil }
        return (digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }, rest.dropFirst())
    }

    /// `5.1.1`, `5.1.1:<ann`.
    private static func status(_ token: ArraySlice<UInt8>) -> (code: EnhancedStatusCode, rest: ArraySlice<UInt8>)? {
        guard let first = token.first, isDigit(first) else { return nil }
        let end = token.firstIndex { !isDigit($0) && $0 != UInt8(ascii: ".") } ?? token.endIndex
        var number = token[..<end]
        while number.last == UInt8(ascii: ".") { number.removeLast() }
        guard let code = EnhancedStatusCode(String(decoding: number, as: UTF8.self)) else { return nil }
        return (code, token[end...])
    }

    /// Digits with dots, or hexadecimal with colons; with a port, too.
    private static func isAddressLiteral(_ token: ArraySlice<UInt8>) -> Bool {
        var dots = 0
        var colons = 0
        for byte in token {
            switch byte {
            case UInt8(ascii: "."): dots += 1
            case UInt8(ascii: ":"): colons += 1
            case _ where isDigit(byte), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
                UInt8(ascii: "/"), UInt8(ascii: "]"):
                break
            default: return false
            }
        }
        return dots >= 3 || colons >= 2
    }

    /// A name with dots in it or a link; `exist.Please` is two sentences.
    private static func isHost(_ token: ArraySlice<UInt8>) -> Bool {
        var before: UInt8 = 0
        for (byte, next) in zip(token, token.dropFirst()) {
            if byte == UInt8(ascii: ":"), next == UInt8(ascii: "/") { return true }
            if byte == UInt8(ascii: "."), isWordPart(next), isWordPart(before), !isUpper(next) || isUpper(before) { return true }
            before = byte
        }
        return false
    }
}
