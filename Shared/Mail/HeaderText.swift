/// What may stand in a header field: nothing that could end it, hide in it or turn its text around.
package enum HeaderText {
    /// The first character of `text` that must not stand in a header field, as a person can be told of it.
    package static func stranger(in text: String) -> String? {
        // Nearly all text can do without a look at each character's properties.
        guard !text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return nil }
        return text.unicodeScalars.first(where: isForbidden).map { scalar in
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        }
    }

    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.isASCIIControl }
        return switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: isReordering(scalar)
        }
    }

    /// Embeddings, overrides and isolates (UAX #9): they make a file's name or a sender look like another.
    private static func isReordering(_ scalar: Unicode.Scalar) -> Bool {
        (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    }

    /// Whether `text` is a label: a letter or digit, then letters, digits and `. _ ~ -`.
    package static func isLabel(_ text: String, upTo bytes: Int) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count <= bytes else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "._~-".utf8.contains($0) }
    }

    /// Whether `text` is fit for a Content-ID and to stand as it is in a `cid:` URL (RFC 2392): a label, or two with an @ between them.
    package static func isContentID(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count <= 2 && parts.allSatisfy { isLabel(String($0), upTo: 64) }
    }

    /// Whether `text` is a media type without parameters, such as `application/pdf` (RFC 6838 section 4.2).
    package static func isMediaType(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                guard let first = part.first, isAlphanumeric(first), part.count <= 127 else { return false }
                return part.allSatisfy { isAlphanumeric($0) || "!#$&-^_.+".utf8.contains($0) }
            }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
