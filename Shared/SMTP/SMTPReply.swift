/// What a server answered to one command (RFC 5321 section 4.2).
///
/// The text is hostile: it comes from whoever runs the server and is never to be shown unescaped. Control characters have been
/// replaced by U+FFFD, and bytes that are not UTF-8 too.
package struct SMTPReply: Hashable, Sendable, CustomStringConvertible {
    /// 200 to 599.
    package var code: Int
    /// RFC 3463, such as `5.1.1`, where the first line begins with one of the code's class.
    package var enhanced: EnhancedStatusCode?
    /// The lines without their codes, one or more.
    package var lines: [String]

    package init(code: Int, enhanced: EnhancedStatusCode? = nil, lines: [String]) {
        self.code = code
        self.enhanced = enhanced
        self.lines = lines
    }

    /// The lines joined by line feeds.
    package var text: String { lines.joined(separator: "\n") }

    /// 2xx: done.
    package var isPositive: Bool { (200..<300).contains(code) }
    /// 4xx: not now.
    package var isTransient: Bool { (400..<500).contains(code) }
    /// 5xx: not ever.
    package var isPermanent: Bool { (500..<600).contains(code) }

    /// As a server would write it on one line: `550 5.1.1 No such user`.
    package var description: String {
        ([String(code)] + (enhanced.map { ["\($0)"] } ?? []) + [lines.joined(separator: " ")]).joined(separator: " ")
    }
}

/// A status code with three parts (RFC 3463; sent in replies as of RFC 2034).
package struct EnhancedStatusCode: Hashable, Sendable, CustomStringConvertible {
    /// 2, 4 or 5.
    package let `class`: Int
    /// 0 to 999.
    package let subject: Int
    /// 0 to 999.
    package let detail: Int

    package var description: String { "\(`class`).\(subject).\(detail)" }

    package init(class: Int, subject: Int, detail: Int) {
        self.class = `class`
        self.subject = subject
        self.detail = detail
    }

    /// Reads `5.1.1` and nothing else; `nil` where the text is not such a code.
    package init?(_ text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 1 else { return nil }
        let numbers = parts.compactMap { part -> Int? in
            guard (1...3).contains(part.count), part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
                return nil
            }
            return part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        }
        guard numbers.count == 3, [2, 4, 5].contains(numbers[0]) else { return nil }
        self.init(class: numbers[0], subject: numbers[1], detail: numbers[2])
    }
}
