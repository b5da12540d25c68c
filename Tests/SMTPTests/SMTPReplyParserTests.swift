import Testing

@testable import SMTP

struct SMTPReplyParserTests {
    private func replies(_ pieces: [[UInt8]]) throws -> [SMTPReply] {
        var parser = SMTPReplyParser()
        var replies: [SMTPReply] = []
        for piece in pieces {
            var rest = ArraySlice(piece)
            while let reply = try parser.next(&rest) { replies.append(reply) }
        }
        return replies
    }

    @Test("a reply has a code, lines, and an enhanced code where its first line begins with one")
    func reads() throws {
        let text =
            "220 mx.test ESMTP\r\n250-one\r\n250-\r\n250 two\r\n550-5.1.1 No such user\r\n550 5.1.1 here\r\n250\r\n451 5.1.1 odd\r\n"
        let expected = [
            SMTPReply(code: 220, lines: ["mx.test ESMTP"]),
            SMTPReply(code: 250, lines: ["one", "", "two"]),
            SMTPReply(code: 550, enhanced: EnhancedStatusCode(class: 5, subject: 1, detail: 1), lines: ["No such user", "here"]),
            SMTPReply(code: 250, lines: [""]),
            SMTPReply(code: 451, lines: ["5.1.1 odd"]),
        ]
        #expect(try replies([Array(text.utf8)]) == expected)
        #expect(try replies(text.utf8.map { [$0] }) == expected, "byte by byte")
    }

    @Test("a line may end with LF alone")
    func bareLineFeed() throws {
        #expect(try replies([Array("250-a\n250 b\n".utf8)]) == [SMTPReply(code: 250, lines: ["a", "b"])])
    }

    @Test("control characters and bytes that are not UTF-8 become U+FFFD")
    func hostileText() throws {
        let reply = try #require(try replies([Array("550 a\u{0}b\u{1B}[2J".utf8) + [0xFF, 0xC3] + Array("\r\n".utf8)]).first)
        #expect(reply.text == "a\u{FFFD}b\u{FFFD}[2J\u{FFFD}\u{FFFD}")
    }

    @Test(
        "what is not a reply is refused",
        arguments: [
            "hello", "25", "2500 ok", "25x ok", "250_ok", "600 ok", "199 ok", "000 ok", "250-a\r\n550 b", "\u{0}50 ok", "",
            "-250 ok",
            "٢٥٠ ok",
        ])
    func refuses(text: String) {
        #expect(throws: SMTPFault.self) { try replies([Array((text + "\r\n").utf8)]) }
    }

    @Test("a line without end, and a reply without end, are refused before they fill the memory")
    func bounded() {
        #expect(throws: SMTPFault.self) {
            try replies(Array(repeating: Array(repeating: UInt8(ascii: "2"), count: 1000), count: 5))
        }
        #expect(throws: SMTPFault.self) { try replies(Array(repeating: Array("250-more\r\n".utf8), count: 257)) }
    }

    @Test("whatever comes, it neither traps nor keeps more than a reply's worth")
    func noise() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("2345-0 \r\n.abc\u{0}".utf8) + [0xFF]
        for _ in 0..<20_000 {
            var parser = SMTPReplyParser()
            var rest = ArraySlice(
                (0..<Int.random(in: 0..<64, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 })
            do {
                while let reply = try parser.next(&rest) { #expect((200..<600).contains(reply.code)) }
                #expect(rest.isEmpty)
            } catch {
                continue
            }
        }
    }

    @Test(
        "enhanced codes are three numbers and nothing else",
        arguments: ["5.1", "5.1.1.1", "3.1.1", "5.1.1000", "5..1", "5.1.x", "", "5.1.-1"])
    func notEnhanced(text: String) {
        #expect(EnhancedStatusCode(text) == nil)
    }
}
