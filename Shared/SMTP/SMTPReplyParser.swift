/// Turns a server's bytes into replies, within limits: whatever comes, it neither traps nor grows.
///
/// Lines end with LF; a CR before it belongs to the end. RFC 5321 allows 512 bytes a line and every server of note exceeds it.
struct SMTPReplyParser: Sendable {
    static let longestLine = 4096
    static let mostLines = 256
    static let largestReply = 64 * 1024

    private var line: [UInt8] = []
    private var code: Int?
    private var lines: [String] = []
    private var size = 0

    /// Whether bytes of a reply have come that is not complete yet.
    var isInsideReply: Bool { !line.isEmpty || !lines.isEmpty }

    /// Takes bytes up to the end of one reply.
    /// - Returns: The reply that they completed, if any; `bytes` is left with what follows it.
    /// - Throws: ``SMTPFault/protocolViolation(_:)``; nothing more can be read then.
    mutating func next(_ bytes: inout ArraySlice<UInt8>) throws(SMTPFault) -> SMTPReply? {
        while let first = bytes.first {
            if first != UInt8(ascii: "\n") {
                let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
                guard line.count + (end - bytes.startIndex) <= Self.longestLine else {
                    throw .protocolViolation("a line of its reply is longer than \(Self.longestLine) bytes")
                }
                line += bytes[..<end]
                bytes = bytes[end...]
                continue
            }
            bytes = bytes.dropFirst()
            if let reply = try endLine() { return reply }
        }
        return nil
    }

    private mutating func endLine() throws(SMTPFault) -> SMTPReply? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        size += line.count
        guard size <= Self.largestReply, lines.count < Self.mostLines else {
            throw .protocolViolation("its reply is too large")
        }
        guard line.count >= 3, line[..<3].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw .protocolViolation("its reply does not begin with a code: \(Self.shown(line))")
        }
        let number = line[..<3].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        let separator = line.count > 3 ? line[3] : UInt8(ascii: " ")
        guard (200..<600).contains(number), separator == UInt8(ascii: " ") || separator == UInt8(ascii: "-"),
            code == nil || code == number
        else { throw .protocolViolation("its reply has no valid code: \(Self.shown(line))") }
        code = number
        lines.append(Self.text(line.dropFirst(4)))
        guard separator == UInt8(ascii: " ") else { return nil }
        defer {
            code = nil
            lines = []
            size = 0
        }
        return Self.reply(code: number, lines: lines)
    }

    /// Moves an enhanced status code out of the lines that begin with it. One of another class than the reply's is just text.
    private static func reply(code: Int, lines: [String]) -> SMTPReply {
        let space = UInt8(ascii: " ")
        let word = lines.first.map { $0.utf8.prefix { $0 != space } } ?? "".utf8[...]
        guard let enhanced = EnhancedStatusCode(Substring(word)), enhanced.class == code / 100 else {
            return SMTPReply(code: code, lines: lines)
        }
        let stripped = lines.map { line in
            guard line.utf8.starts(with: word) else { return line }
            let rest = line.utf8.dropFirst(word.count)
            return rest.isEmpty || rest.first == space ? String(Substring(rest.drop { $0 == space })) : line
        }
        return SMTPReply(code: code, enhanced: enhanced, lines: stripped)
    }

    private static func shown(_ line: [UInt8]) -> String {
        text(line.prefix(64)).debugDescription
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        let text = String(decoding: bytes, as: UTF8.self)
        guard !isPlain else { return text }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}
