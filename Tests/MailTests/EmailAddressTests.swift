import Foundation
import Mail
import Testing

@Suite("Addresses")
struct EmailAddressTests {
    @Test("addresses that differ in case or in how an accent is written are one person's")
    func person() throws {
        #expect(try EmailAddress("Ann.Ä@Example.net").person == EmailAddress("ann.a\u{308}@example.NET").person)
        #expect(try EmailAddress("ann@example.net").person != EmailAddress("ann+news@example.net").person)
    }

    @Test(
        "an address that can be sent to is kept, its domain in lower case",
        arguments: [
            ("ann@example.com", "ann@example.com"),
            ("Ann.Smith+gallery@Example.COM", "Ann.Smith+gallery@example.com"),
            ("o'brien@example.com", "o'brien@example.com"),
            ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"),
            ("a@b.cd", "a@b.cd"),
            ("a@1.example", "a@1.example"),
            ("a@r3---sn.example", "a@r3---sn.example"),
            ("\"ann smith\"@example.com", "\"ann smith\"@example.com"),
            ("\"a\\\"b\\\\\"@example.com", "\"a\\\"b\\\\\"@example.com"),
            ("\"a@b\"@example.com", "\"a@b\"@example.com"),
            ("\"<>,;\"@example.com", "\"<>,;\"@example.com"),
            ("\"\"@example.com", "\"\"@example.com"),
            ("jörg@bücher.example", "jörg@bücher.example"),
            ("Jörg@BÜCHER.Example", "Jörg@bücher.example"),
            ("чебурашка@ящик-с-апельсинами.рф", "чебурашка@ящик-с-апельсинами.рф"),
            ("二ノ宮@黒川.日本", "二ノ宮@黒川.日本"),
            ("अजय@डाटा.भारत", "अजय@डाटा.भारत"),
            ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
            ("😀@example.com", "😀@example.com"),
            ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
            ("ann@[IPv6:2001:DB8::1]", "ann@[IPv6:2001:db8::1]"),
            ("ann@[ipv6:::]", "ann@[IPv6:::]"),
            ("ann@[IPv6:1:2:3:4:5:6:7:8]", "ann@[IPv6:1:2:3:4:5:6:7:8]"),
            ("ann@[IPv6:::ffff:192.0.2.1]", "ann@[IPv6:::ffff:192.0.2.1]"),
        ])
    func accepted(text: String, expected: String) throws {
        #expect(try EmailAddress(text).description == expected)
    }

    @Test("the longest parts that are allowed are taken and one byte more is not")
    func lengths() throws {
        let label = String(repeating: "d", count: 63)
        let local = String(repeating: "a", count: 64)
        #expect(try EmailAddress("\(local)@\(label).example").local == local)
        #expect(throws: InvalidAddress.self) { try EmailAddress("a\(local)@\(label).example") }
        #expect(throws: InvalidAddress.self) { try EmailAddress("a@d\(label).example") }
        #expect(throws: InvalidAddress.self) { try EmailAddress(String(repeating: "ö", count: 33) + "@example.com") }

        let domain = "\(label).\(label).\(label)"  // 191 bytes
        let rest = 254 - 191 - 1
        #expect(try EmailAddress(String(repeating: "a", count: rest) + "@" + domain).domain == domain)
        #expect(throws: InvalidAddress.self) { try EmailAddress(String(repeating: "a", count: rest + 1) + "@" + domain) }
        #expect(throws: InvalidAddress.self) { try EmailAddress("a@" + String(repeating: "ü", count: 60) + ".example") }
        #expect(throws: InvalidAddress.self) { try EmailAddress(String(repeating: "a.", count: 5_000_000) + "a@example.com") }
    }

    static let faulty: [(text: String, because: String)] = [
        ("", "such as ann@example.com"),
        ("ann", "such as ann@example.com"),
        ("@", "such as ann@example.com"),
        ("@example.com", "such as ann@example.com"),
        ("ann@", "such as ann@example.com"),
        ("a@b>\r\nRCPT TO:<x@y", "U+000D"),
        ("ann@example.com\n", "U+000A"),
        ("ann@example.com\r\nBcc: eve@example.com", "U+000D"),
        ("ann\u{0}@example.com", "U+0000"),
        ("ann@exa\u{7F}mple.com", "U+007F"),
        ("ann\u{85}@example.com", "U+0085"),
        ("ann\u{2028}@example.com", "U+2028"),
        ("\u{202E}moc.elpmaxe@example.com", "U+202E"),
        ("ann\u{200B}@example.com", "U+200B"),
        ("ann\u{A0}@example.com", "U+00A0"),
        ("\"ann\r\n\"@example.com", "U+000D"),
        ("ann smith@example.com", "a space"),
        (" ann@example.com", "a space"),
        ("ann@example.com ", "a space"),
        ("<ann@example.com>", "the character <"),
        ("Ann <ann@example.com>", "a space"),
        ("ann,bob@example.com", "the character ,"),
        ("ann@example.com,bob@example.com", "the character @"),
        ("ann@bob@example.com", "the character @"),
        (".ann@example.com", "dot"),
        ("ann.@example.com", "dot"),
        ("ann..smith@example.com", "dot"),
        ("\"ann@example.com", "not closed"),
        ("\"ann\\\"@example.com", "not closed"),
        ("\"@example.com", "not closed"),
        ("\"a\"b@example.com", "enclose all"),
        ("\"a\"b\"@example.com", "enclose all"),
        ("a\"b\"@example.com", "the character \""),
        ("\"a\\ö\"@example.com", "U+00F6"),
        ("ann@example", "needs a dot"),
        ("ann@localhost", "needs a dot"),
        ("ann@example.com.", "dot"),
        ("ann@.example.com", "dot"),
        ("ann@example..com", "dot"),
        ("ann@-example.com", "hyphen"),
        ("ann@example-.com", "hyphen"),
        ("ann@exa_mple.com", "the character _"),
        ("ann@exa mple.com", "a space"),
        ("ann@example。com", "U+3002"),
        ("ann@exam\u{FF0E}ple.com", "U+FF0E"),
        ("ann@\u{1F600}.example", "U+1F600"),
        ("ann@192.0.2.1", "in brackets"),
        ("ann@[192.0.2.256]", "no IP address"),
        ("ann@[192.0.2]", "no IP address"),
        ("ann@[192.0.02.1]", "no IP address"),
        ("ann@[192.0.2.1", "not closed"),
        ("ann@[]", "not closed"),
        ("ann@[", "not closed"),
        ("ann@[example.com]", "no IP address"),
        ("ann@[IPv6:1:2:3:4:5:6:7]", "no IPv6 address"),
        ("ann@[IPv6:1:2:3:4:5:6:7:8:9]", "no IPv6 address"),
        ("ann@[IPv6:1::2::3]", "no IPv6 address"),
        ("ann@[IPv6::::]", "no IPv6 address"),
        ("ann@[IPv6:12345::]", "no IPv6 address"),
        ("ann@[IPv6:g::]", "no IPv6 address"),
        ("ann@[IPv6:]", "no IPv6 address"),
        ("ann@[IPv6:::192.0.2.1:1]", "no IPv6 address"),
        ("ann@[IPv6:fe80::1%eth0]", "no IPv6 address"),
    ]

    @Test("what is no address is refused in words that name the fault and show nothing that could mislead", arguments: faulty)
    func refused(text: String, because: String) {
        let error = #expect(throws: InvalidAddress.self) { try EmailAddress(text) }
        let words = error?.description ?? ""
        #expect(words.contains(because), "\(words)")
        #expect(words.unicodeScalars.allSatisfy { $0.isASCII && $0.value >= 0x20 })
    }

    @Test("equal domains are equal however they are composed")
    func composition() throws {
        #expect(try EmailAddress("a@bu\u{308}cher.example") == EmailAddress("a@b\u{FC}cher.example"))
    }

    @Test("arbitrary text never traps, and what is taken cannot break a header or an SMTP command")
    func arbitrary() throws {
        var random = Seeded(8)
        let alphabet = Array("aaabbb..@@@\"\"\\[]:1< \r\u{0}öß\u{301}\u{202E}-_".unicodeScalars)
        var taken = 0
        for _ in 0..<20_000 {
            var text = Array("ann@bob.example".unicodeScalars)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<text.count, using: &random)
                text[place] = alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            guard let address = try? EmailAddress(String(String.UnicodeScalarView(text))) else { continue }
            taken += 1
            #expect(!address.description.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
            #expect(!address.domain.unicodeScalars.contains { " <>\"\\,;@".unicodeScalars.contains($0) })
            #expect(try EmailAddress(address.description) == address)
        }
        #expect(taken > 20)
    }

    @Test("JSON that holds no address is refused with the place and the reason")
    func json() throws {
        let body = Data(#"{"address":"ann@localhost"}"#.utf8)
        let error = #expect(throws: Wire.Unreadable.self) { try Wire.decode(Mailbox.self, from: body) }
        #expect(error?.description.contains("/address") == true)
        #expect(error?.description.contains("needs a dot") == true)
    }
}
