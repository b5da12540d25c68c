import Foundation

/// The part of an address after the @: a domain name or an address literal (RFC 5321 sections 4.1.2 and 4.1.3).
enum MailDomain {
    /// Checks a domain and writes it in lower case and Unicode's composed form, so that equal domains have equal text.
    static func read(_ text: String) throws(InvalidAddress) -> String {
        if text.utf8.first == UInt8(ascii: "[") { return try readLiteral(text) }
        let isASCII = text.utf8.allSatisfy { $0 < 0x80 }
        let domain = (isASCII ? text : text.precomposedStringWithCanonicalMapping).lowercased()
        guard domain.utf8.count <= 255 else {
            throw InvalidAddress(description: "the domain has \(domain.utf8.count) bytes; the most is 255")
        }
        let labels = domain.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels { try check(label) }
        guard labels.count > 1 else {
            throw InvalidAddress(description: "the domain needs a dot, such as in example.com")
        }
        guard let last = labels.last, !last.allSatisfy({ ("0"..."9").contains($0) }) else {
            throw InvalidAddress(
                description: "the domain ends with a number; an IP address stands in brackets, as in ann@[192.0.2.1]")
        }
        return domain
    }

    /// At most 63 bytes, or 59 characters where some are beyond ASCII, because DNS sees those as `xn--` and more.
    private static func check(_ label: Substring.UnicodeScalarView) throws(InvalidAddress) {
        guard let first = label.first, let last = label.last else {
            throw InvalidAddress(description: "the domain cannot begin or end with a dot or have two in a row")
        }
        if let stranger = label.first(where: { !isLabelText($0) }) {
            throw InvalidAddress(description: "the domain cannot hold \(stranger.name)")
        }
        guard first != "-", last != "-" else {
            throw InvalidAddress(description: "no part of the domain can begin or end with a hyphen")
        }
        guard label.count <= (label.allSatisfy(\.isASCII) ? 63 : 59) else {
            throw InvalidAddress(
                description: "a part of the domain has \(label.count) characters; the most is 63, or 59 beyond ASCII")
        }
    }

    /// A letter, digit or hyphen; beyond ASCII what RFC 5892 lets stand in a label, by its categories and contextual exceptions.
    private static func isLabelText(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.isASCIIAlphanumeric || scalar == "-" }
        switch scalar.properties.generalCategory {
        case .lowercaseLetter, .otherLetter, .modifierLetter, .nonspacingMark, .spacingMark, .decimalNumber: return true
        default: return "\u{B7}\u{375}\u{5F3}\u{5F4}\u{30FB}\u{200C}\u{200D}".unicodeScalars.contains(scalar)
        }
    }

    private static func readLiteral(_ text: String) throws(InvalidAddress) -> String {
        let inner = text.dropFirst().dropLast()
        guard text.utf8.last == UInt8(ascii: "]"), text.utf8.count > 2 else {
            throw InvalidAddress(description: "the bracket after the @ is not closed")
        }
        if inner.lowercased().hasPrefix("ipv6:") {
            let address = inner.dropFirst(5).lowercased()
            guard isIPv6(address) else {
                throw InvalidAddress(description: "the brackets hold no IPv6 address; one is written as in ann@[IPv6:2001:db8::1]")
            }
            return "[IPv6:\(address)]"
        }
        guard isIPv4(inner) else {
            throw InvalidAddress(
                description: "the brackets hold no IP address; one is written as in ann@[192.0.2.1] or ann@[IPv6:2001:db8::1]")
        }
        return text
    }

    private static func isIPv4(_ text: some StringProtocol) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                    let value = CivilTime.number(ArraySlice(part))
                else { return false }
                return value <= 255
            }
    }

    /// RFC 4291 section 2.2: eight groups, of which `::` stands for one or more; the last two may be written as IPv4.
    private static func isIPv6(_ text: String) -> Bool {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return false }
        var groups = 0
        for (index, half) in halves.enumerated() where !half.isEmpty || halves.count == 1 {
            let parts = half.split(separator: ":", omittingEmptySubsequences: false)
            for (place, part) in parts.enumerated() {
                if index == halves.count - 1, place == parts.count - 1, part.contains(".") {
                    guard isIPv4(part) else { return false }
                    groups += 2
                } else {
                    guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
                    else {
                        return false
                    }
                    groups += 1
                }
            }
        }
        return halves.count == 1 ? groups == 8 : groups <= 7
    }
}
