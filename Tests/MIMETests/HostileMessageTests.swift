import Foundation
import MIME
import Mail
import Testing

@Suite(.timeLimit(.minutes(2)))
struct HostileMessageTests {
    private func letter(_ change: (inout Letter) throws -> Void = { _ in }) throws -> Letter {
        var letter = Letter(
            from: Mailbox(address: try EmailAddress("a@x.test")), to: [Mailbox(address: try EmailAddress("b@y.test"))],
            subject: "s",
            date: Timestamp(microseconds: 0), messageID: "1@x.test", html: "<p>h</p>", text: "t")
        try change(&letter)
        return letter
    }

    static let injections = [
        "a\r\nBcc: evil@x.test", "a\nb", "a\rb", "a\u{0}b", "a\u{2028}b", "\r\n\r\nbody", "a\u{85}b", "a\u{1B}b",
    ]

    @Test("nothing that could end a header gets into one", arguments: injections)
    func headerInjection(text: String) throws {
        let changes: [(inout Letter) throws -> Void] = [
            { $0.subject = text }, { $0.messageID = text }, { $0.from.name = text }, { $0.to[0].name = text },
            { $0.replyTo = Mailbox(address: $0.from.address, name: text) }, { $0.headers = [.init(name: "X-A", value: text)] },
            { $0.headers = [.init(name: text, value: "a")] },
            { $0.attachments = [.init(name: text, type: "text/plain", bytes: [])] },
            { $0.attachments = [.init(name: "a", type: "text/" + text, bytes: [])] },
            { $0.attachments = [.init(name: "a", type: "image/png", bytes: [], contentID: text)] },
        ]
        for change in changes {
            let letter = try letter(change)
            #expect(throws: LetterError.self) { try letter.compose() }
        }
    }

    @Test(
        "encoded line breaks in a subject stay words",
        arguments: ["=?utf-8?Q?a=0D=0ABcc:_evil@x.test?=", "=?utf-8?B?DQpCY2M6IGV2aWw=?="])
    func encodedBreaks(subject: String) throws {
        let bytes = try letter { $0.subject = subject }.compose()
        #expect(try ReadMessage(bytes).subject == subject)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("\r\nBcc"))
    }

    @Test(
        "a message nested without end is read without harm", arguments: [10, 1000, 20_000],
        ["multipart/mixed; boundary=b", "message/rfc822"])
    func nested(depth: Int, type: String) throws {
        var text = ""
        for level in 0..<depth {
            let own = type.replacing("=b", with: "=b\(level)")
            text +=
                level == 0 || type.hasPrefix("message")
                ? "Content-Type: \(own)\r\n\r\n" : "--b\(level - 1)\r\nContent-Type: \(own)\r\n\r\n"
        }
        let read = try ReadMessage(Array(text.utf8) + Array("end\r\n".utf8))
        #expect(read.attachments.count <= 1000)
    }

    @Test(
        "whatever comes is read or left out",
        arguments: [
            "", "\r\n", "\u{0}", "Subject", ":\r\n\r\n", "Content-Type: multipart/mixed\r\n\r\nno boundary",
            "Content-Type: text/plain; charset=nowhere\r\n\r\nhi",
            "Content-Transfer-Encoding: base64\r\n\r\n!!!!", "From: <<<>>>,,,\r\nTo: \"\r\n\r\n",
            "Subject: =?utf-8?B?////?= =?x?Q?=FF?=\r\n\r\n",
            "Content-Type: text/plain; name*0*=utf-8''%FF%FF; name*1=\"\r\n\r\nx",
        ])
    func odd(text: String) throws {
        _ = try ReadMessage(Array(text.utf8))
    }

    @Test("a message with bytes changed at random is read without harm")
    func mutated() throws {
        var random = SystemRandomNumberGenerator()
        let letters = try RoundTripTests.letters(40).map { try $0.compose() }
        for _ in 0..<3000 {
            var bytes = letters.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...20, using: &random) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: at)
                case 2: bytes.removeSubrange(at..<min(bytes.count, at + 100))
                default: bytes.insert(contentsOf: bytes.prefix(200), at: at)
                }
            }
            _ = try ReadMessage(bytes)
        }
    }

    @Test("a message that is too large is refused")
    func tooLarge() {
        #expect(throws: ReadMessage.TooLarge.self) { try ReadMessage(Array(repeating: 0x61, count: ReadMessage.largest + 1)) }
    }

    @Test("writing and reading leave nothing behind in the memory")
    func leaks() async {
        // In a process of its own, because what other tests take meanwhile would count too.
        await #expect(processExitsWith: .success) {
            let letters = try RoundTripTests.letters(30)
            func round() throws { for letter in letters { _ = try ReadMessage(letter.compose()) } }
            for _ in 0..<5 { try round() }
            let before = Self.residentPages()
            for _ in 0..<60 { try round() }
            guard (Self.residentPages() - before) * 4096 < 8 << 20 else { exit(EXIT_FAILURE) }
        }
    }

    private static func residentPages() -> Int {
        let words = FileManager.default.contents(atPath: "/proc/self/statm").map { String(decoding: $0, as: UTF8.self) } ?? ""
        return Int(words.split(separator: " ").dropFirst().first ?? "0") ?? 0
    }
}
