/// An address that mail can be sent to (RFC 5321 section 4.1.2, with RFC 6531's internationalized form).
///
/// Strict: what a client submits must be right. The domain is in lower case, the local part as it came.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    package let local: String
    package let domain: String

    package var description: String { "\(local)@\(domain)" }
}

extension EmailAddress: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            self = try EmailAddress(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Why a text is not an address, in a sentence for the person who typed it.
package struct InvalidAddress: Error, Hashable, CustomStringConvertible {
    package let description: String
}

extension EmailAddress {
    /// Reads an address as a client submits it.
    /// - Throws: ``InvalidAddress``.
    package init(_ text: String) throws(InvalidAddress) {
        guard let at = text.lastIndex(of: "@"), at != text.startIndex, text.index(after: at) != text.endIndex else {
            throw InvalidAddress(description: "an address has a name, an @ and a domain, such as ann@example.com")
        }
        guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F && !"<>,;".unicodeScalars.contains($0) }) else {
            throw InvalidAddress(description: "an address has no spaces, control characters or angle brackets")
        }
        local = String(text[..<at])
        domain = text[text.index(after: at)...].lowercased()
    }
}
