import NIOCore
import Support
import Testing

@testable import SMTP

@Suite(.timeLimit(.minutes(1)))
struct SMTPMessageTests {
    @Test(
        "a line that begins with a dot begins with two on the wire",
        arguments: [
            ("", ""), (".", "..\r\n"), ("a", "a\r\n"), ("a\r\n", "a\r\n"), ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n"),
            (".a\r\n..\r\n", "..a\r\n...\r\n"), ("a.\r\n", "a.\r\n"), ("\r\n.\r\n", "\r\n..\r\n"),
        ])
    func stuffed(text: String, wire: String) throws {
        #expect(String(buffer: try SMTPMessage(Array(text.utf8)).wire) == wire)
    }

    /// What has been used to smuggle a second message past one server into another, and what comes near it.
    static let smuggled = [
        "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r", "\r.\n", "\u{0}\r\n.\r\n", "\r\n\u{0}.\r\n",
        "\r\n.\u{0}\r\n", "\r\r\n.\r\r\n",
        "\n\n.\r\n", "\r\n\r.\r\n", "\n", "\r", "\u{0}",
    ]

    @Test("what could end a message early is refused, not sent", arguments: smuggled)
    func refused(sequence: String) async throws {
        let bytes = Array("Subject: a\r\n\r\nfirst\(sequence)MAIL FROM:<evil@x.test>\r\n".utf8)
        #expect(throws: SMTPObstacle.self) { try SMTPMessage(bytes) }
        #expect(throws: SMTPObstacle.self) { try SMTPMessage(Array(sequence.utf8)) }
    }

    @Test("a message with every harmless variation of the end arrives as one, as it was")
    func oneMessage() async throws {
        let server = try await Server.start()
        let bytes = Array("Subject: a\r\n\r\n.\r\n..\r\n.\r\nMAIL FROM:<evil@x.test>\r\n.\r\n\r\n.\r\n".utf8)
        #expect(try await attempt(server, message: bytes).outcome.summary == "accepted")
        #expect(server.received.map(\.bytes) == [bytes])
        #expect(server.reached(.mail) == 1)
        await server.stop()
    }

    @Test("a line may have 998 bytes, stuffed or not, and no more")
    func longLines() throws {
        let longest = Array(repeating: UInt8(ascii: "."), count: 998)
        #expect(try SMTPMessage(longest + Array("\r\n".utf8)).wire.readableBytes == 1001)
        #expect(throws: SMTPObstacle.self) { try SMTPMessage(longest + Array(".\r\n".utf8)) }
        #expect(throws: SMTPObstacle.self) { try SMTPMessage(longest + Array(".".utf8)) }
    }

    @Test("8-bit bytes are noticed, in headers and in the body")
    func eightBit() throws {
        let header = try SMTPMessage(Array("Subject: ü\r\n\r\na\r\n".utf8))
        let body = try SMTPMessage(Array("Subject: u\r\n\r\nä\r\n".utf8))
        #expect(header.isEightBit && header.hasInternationalHeaders)
        #expect(body.isEightBit && !body.hasInternationalHeaders)
        #expect(try !SMTPMessage(letter).isEightBit)
    }

    @Test(
        "an address that could be read as more than one is refused",
        arguments: [
            "", "ann", "ann@", "@x.test", "a@b>\r\nRCPT TO:<x@y", "a\r\n@x.test", "a@x.test\r\nDATA", "a\n@x.test", "a\u{0}@x.test",
            "a b@x.test", "a>@x.test", "<a@x.test>", "a@x.test>", "a@x.test BODY=8BITMIME", "\"a\nb\"@x.test", "\"a\"b\"@x.test",
            "\"a\\\"@x.test", "\"a>b\"@x.test", "a@x test", "a@[1.2.3.4", "a@[1.2.3.4]\r", "a@b@x.test", "a\u{2028}b@x.test",
            "a\u{85}b@x.test", "a@x\u{A0}y.test", "\u{7F}@x.test", "a,b@x.test", "@relay.test:a@x.test",
            String(repeating: "a", count: 400) + "@x.test",
        ])
    func unfit(address: String) {
        #expect(throws: SMTPObstacle.self) { try SMTPTransaction(from: "a@x.test", to: address, size: 1) }
        guard !address.isEmpty else { return }
        #expect(throws: SMTPObstacle.self) { try SMTPTransaction(from: address, to: "a@x.test", size: 1) }
    }

    @Test(
        "odd addresses that are addresses are let through",
        arguments: [
            "a@x.test", "a..b@x.test", "\"a b\"@x.test", "\"a\\\"b\"@x.test", "a+b=c@x.test", "a@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
            "jörg@müller.test", "用户@例子.test", "o'neil@x.test", "a@xn--mller-kva.test", "a/b!c@x.test",
        ])
    func fit(address: String) throws {
        #expect(try SMTPTransaction(from: "", to: address, size: 1).to == address)
    }
}
