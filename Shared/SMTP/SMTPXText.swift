/// The parameters of RFC 3461, whose text is encoded so that it stays one word.
enum SMTPXText {
    /// As sections 4.2 and 4.4 allow, in bytes.
    private static let longestEnvelopeID = 100
    private static let longestRecipient = 500

    /// For ENVID; `nil` where it would be too long or has bytes beyond ASCII.
    static func envelopeID(_ text: String) -> String? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let encoded = encoded(text)
        return encoded.utf8.count <= longestEnvelopeID ? encoded : nil
    }

    /// For ORCPT: `rfc822;` and the address, or `utf-8;` where it goes beyond ASCII (RFC 6533 section 3); `nil` where it would be too long.
    static func originalRecipient(_ address: String) -> String? {
        let isASCII = address.utf8.allSatisfy { $0 < 0x80 }
        let text = isASCII ? "rfc822;" + encoded(address) : "utf-8;" + unicode(address)
        return text.utf8.count <= longestRecipient ? text : nil
    }

    /// xtext (section 4): all but printable characters, `+` and `=` as `+XX`.
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if isPlain(byte) { result.unicodeScalars.append(Unicode.Scalar(byte)) } else { result += "+" + hex(byte) }
        }
        return result
    }

    /// utf-8-addr-unitext: what goes beyond ASCII stands as it is, because the server that is asked takes it.
    private static func unicode(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isPlain = !scalar.isASCII || (isPlain(UInt8(scalar.value)) && scalar != "\\")
            if isPlain { result.unicodeScalars.append(scalar) } else { result += "\\x{\(hex(UInt8(scalar.value)))}" }
        }
        return result
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "=")
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}
