import Mail

/// Character references in attribute values (WHATWG HTML section 13.2.5.73), as far as links need them.
package enum HTMLEntities {
    /// The value that a browser sees, or `nil` where the bytes are not UTF-8 or hold a reference that we do not know for certain:
    /// such a link had better stay as it is.
    package static func decode(_ bytes: some Collection<UInt8>) -> String? {
        let bytes = Array(bytes)
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "&") else {
                decoded.append(bytes[index])
                index += 1
                continue
            }
            guard let (scalar, length) = reference(in: bytes[(index + 1)...]) else { return nil }
            if let scalar {
                decoded += Array(String(Character(scalar)).utf8)
            } else {
                decoded += bytes[index..<index + 1 + length]
            }
            index += 1 + length
        }
        return String(validating: decoded, as: UTF8.self)
    }

    /// What follows an ampersand: the character it stands for, `nil` for plain text, and how many bytes it takes.
    private static func reference(in bytes: ArraySlice<UInt8>) -> (scalar: Unicode.Scalar?, length: Int)? {
        if bytes.first == UInt8(ascii: "#") { return numeric(in: bytes) }
        let name = bytes.prefix { isAlphanumeric($0) }
        guard !name.isEmpty else { return (nil, 0) }
        let next = bytes.dropFirst(name.count).first
        let text = String(decoding: name, as: UTF8.self)
        if next == UInt8(ascii: ";") {
            guard let value = named[text] else { return nil }
            return (value, name.count + 1)
        }
        // Without its semicolon a name counts only where it is an old one and no "=" follows: `?a=1&copy=2` is not ©.
        if next != UInt8(ascii: "="), text != "apos", let value = named[text] { return (value, name.count) }
        return (nil, name.count)
    }

    private static func numeric(in bytes: ArraySlice<UInt8>) -> (scalar: Unicode.Scalar?, length: Int)? {
        var digits = bytes.dropFirst()
        var length = 1
        let isHex = digits.first == UInt8(ascii: "x") || digits.first == UInt8(ascii: "X")
        if isHex {
            digits = digits.dropFirst()
            length += 1
        }
        let number = digits.prefix { isHex ? isHexDigit($0) : isDigit($0) }
        guard !number.isEmpty else { return (nil, length) }
        length += number.count
        if digits.dropFirst(number.count).first == UInt8(ascii: ";") { length += 1 }
        // Zero, controls and what lies beyond Unicode are mapped by rules that no honest link needs.
        guard let value = UInt32(String(decoding: number, as: UTF8.self), radix: isHex ? 16 : 10), value >= 0x20,
            !(0x7F...0x9F).contains(value), let scalar = Unicode.Scalar(value)
        else { return nil }
        return (scalar, length)
    }

    /// The names that also count without a semicolon, and `apos`.
    private static let named: [String: Unicode.Scalar] = {
        var table: [String: Unicode.Scalar] = [
            "amp": "&", "AMP": "&", "lt": "<", "LT": "<", "gt": ">", "GT": ">", "quot": "\"", "QUOT": "\"", "apos": "'",
            "COPY": "\u{A9}", "REG": "\u{AE}",
        ]
        let latin1 = """
            nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro \
            para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil \
            Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
            Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml \
            igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute \
            thorn yuml
            """
        for (offset, name) in latin1.split(separator: " ").enumerated() {
            table[String(name)] = Unicode.Scalar(UInt8(160 + offset))
        }
        return table
    }()

    /// Text for an attribute value in quotes of either kind, or none.
    package static func escape(_ text: String) -> String {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count)
        HTMLText.escape(text, into: &escaped)
        return String(decoding: escaped, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
