import Testing

@testable import DNS

struct DNSMessageTests {
    /// An answer with one MX record whose names are compressed.
    private static let answer: [UInt8] =
        [0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + [1, 0x61, 4] + Array("test".utf8) + [0, 0, 15, 0, 1]
        + [0xC0, 12, 0, 15, 0, 1, 0, 0, 0, 60, 0, 7, 0, 10, 2, 0x6D, 0x78, 0xC0, 14]

    @Test("compressed names are read")
    func compressed() throws {
        let message = try #require(DNSMessage(Self.answer))
        let (values, ttl) = message.values(for: "a.test")
        #expect(values == [.exchanger(MailExchanger(preference: 10, host: "mx.test"))])
        #expect(ttl == 60)
        #expect(message.values(for: "b.test").values.isEmpty)
    }

    @Test("a message that is cut short anywhere is none")
    func cut() {
        for length in 0..<Self.answer.count { #expect(DNSMessage(Array(Self.answer[..<length])) == nil) }
    }

    @Test("names that point at themselves, or forwards, end the reading")
    func loops() {
        for target in [UInt8(29), 33, 48, 200] {
            var bytes = Self.answer
            bytes[bytes.count - 1] = target
            _ = DNSMessage(bytes)
            bytes = Self.answer
            bytes[25] = target
            #expect(DNSMessage(bytes) == nil || target < 25)
        }
    }

    @Test("aliases that lead in a circle end")
    func circle() throws {
        func alias(_ from: UInt8, _ to: UInt8) -> [UInt8] { [1, from, 0, 0, 5, 0, 1, 0, 0, 0, 9, 0, 3, 1, to, 0] }
        let bytes: [UInt8] = [0, 1, 0x81, 0x80, 0, 0, 0, 2, 0, 0, 0, 0] + alias(0x61, 0x62) + alias(0x62, 0x61)
        #expect(try #require(DNSMessage(bytes)).values(for: "a").values.isEmpty)
    }

    @Test("whatever comes, reading ends")
    func noise() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = Self.answer
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = DNSMessage(bytes)?.values(for: "a.test")
        }
    }

    @Test(
        "addresses that lead back here or to many",
        arguments: [
            ("127.0.0.1", true), ("127.9.9.9", true), ("0.0.0.0", true), ("0.1.2.3", true), ("224.0.0.1", true),
            ("255.255.255.255", true),
            ("::", true), ("::1", true), ("::ffff:127.0.0.1", true), ("ff02::1", true), ("192.0.2.1", false), ("10.0.0.1", false),
            ("2001:db8::1", false), ("::ffff:192.0.2.1", false),
        ])
    func local(text: String, expected: Bool) throws {
        #expect(try #require(IPAddress(text)).isLocalOrMany == expected)
    }
}
