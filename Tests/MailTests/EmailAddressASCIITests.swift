import Mail
import Testing

struct EmailAddressASCIITests {
    @Test(
        "an address in an envelope has its domain in ASCII where its local part is",
        arguments: [
            ("ann@example.net", "ann@example.net"), ("ann@Bücher.example", "ann@xn--bcher-kva.example"),
            ("ann@BU\u{308}CHER.example", "ann@xn--bcher-kva.example"), ("jörg@bücher.example", "jörg@bücher.example"),
            ("ann@straße.example", "ann@xn--strae-oqa.example"), ("ann@例え.テスト", "ann@xn--r8jz45g.xn--zckzah"),
            ("ann@[192.0.2.1]", "ann@[192.0.2.1]"), ("ann@βόλος.example", "ann@xn--nxasmm1c.example"),
        ])
    func envelope(text: String, expected: String) throws {
        #expect(try EmailAddress(text).envelopeForm == expected)
    }
}
