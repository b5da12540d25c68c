import Foundation

/// An address that mail can be sent to (RFC 5321 section 4.1.2, with RFC 6531's internationalized form).
///
/// Strict: what a client submits must be right. The domain is in lower case, the local part as it came.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    package let local: String
    package let domain: String

    package var description: String { "\(local)@\(domain)" }

    /// The address as it names a person: in lower case, since no provider tells `Ann@` from `ann@`, though RFC 5321 section 2.4 lets it.
    package var person: String {
        let text = description
        return (text.utf8.allSatisfy { $0 < 0x80 } ? text : text.precomposedStringWithCanonicalMapping).lowercased()
    }
}

extension EmailAddress: JSONValue {
    package init(json: JSONReader) throws {
        let text = try json.text()
        do { self = try EmailAddress(text) } catch { throw json.fault("\(error)") }
    }

    package func write(to output: inout JSONOutput) { output.text(description) }
}

/// Why a text is not an address, in words for the person who typed it.
package struct InvalidAddress: Error, Hashable, CustomStringConvertible {
    package let description: String
}

extension EmailAddress {
    /// Reads an address as a client submits it.
    ///
    /// The local part is a dot-string or a quoted string of at most 64 bytes. The domain has two labels or more, because a bare
    /// host name such as `localhost` means another machine to every sender; each label holds letters, digits and hyphens, of any
    /// script. Instead of a domain there may be an IPv4 or IPv6 address in brackets. All in all at most 254 bytes of UTF-8.
    /// - Throws: ``InvalidAddress``.
    package init(_ text: String) throws(InvalidAddress) {
        guard text.utf8.count <= 254 else {
            throw InvalidAddress(description: "the address has \(text.utf8.count) bytes; the most is 254")
        }
        let scalars = text.unicodeScalars
        guard let at = scalars.lastIndex(of: "@"), at > scalars.startIndex, scalars.index(after: at) < scalars.endIndex else {
            throw InvalidAddress(description: "an address has a name, an @ and a domain, such as ann@example.com")
        }
        if let stranger = scalars.first(where: \.isNeverInAnAddress) {
            throw InvalidAddress(description: "an address cannot hold \(stranger.name)")
        }
        try Self.check(local: scalars[..<at])
        local = String(scalars[..<at])
        domain = try MailDomain.read(String(scalars[scalars.index(after: at)...]))
    }

    private static func check(local: Substring.UnicodeScalarView) throws(InvalidAddress) {
        let bytes = Substring(local).utf8.count
        guard bytes <= 64 else {
            throw InvalidAddress(description: "the part before the @ has \(bytes) bytes; the most is 64")
        }
        if local.first == "\"" { return try check(quoted: local) }
        if let stranger = local.first(where: { !$0.isAtomText && $0 != "." }) {
            throw InvalidAddress(description: "the part before the @ cannot hold \(stranger.name) outside of quotation marks")
        }
        guard !local.split(separator: ".", omittingEmptySubsequences: false).contains(where: \.isEmpty) else {
            throw InvalidAddress(description: "the part before the @ cannot begin or end with a dot or have two in a row")
        }
    }

    /// A quoted string: every quotation mark and backslash within it has a backslash before it.
    private static func check(quoted: Substring.UnicodeScalarView) throws(InvalidAddress) {
        var isEscaped = false
        for (index, scalar) in zip(quoted.indices, quoted).dropFirst() {
            if isEscaped {
                guard scalar.isASCII else {
                    throw InvalidAddress(
                        description: "a backslash in the quoted part before the @ cannot stand before \(scalar.name)")
                }
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else if scalar == "\"" {
                guard quoted.index(after: index) == quoted.endIndex else {
                    throw InvalidAddress(description: "the quotation marks before the @ must enclose all of it")
                }
                return
            }
        }
        throw InvalidAddress(description: "the quotation mark before the @ is not closed")
    }
}

extension Unicode.Scalar {
    /// Control characters, line and paragraph separators, spaces other than the plain one, and what reorders or hides text.
    fileprivate var isNeverInAnAddress: Bool {
        if isASCII { return isASCIIControl }
        return switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: true
        case .spaceSeparator: self != " "
        case .format: self != "\u{200C}" && self != "\u{200D}"
        default: false
        }
    }

    /// RFC 5322 section 3.2.3, and RFC 6531 section 3.3 beyond ASCII.
    fileprivate var isAtomText: Bool {
        guard isASCII else { return true }
        return isASCIIAlphanumeric || "!#$%&'*+-/=?^_`{|}~".utf8.contains(UInt8(truncatingIfNeeded: value))
    }

    /// These three spare the look-up of properties, which nearly all text can do without.
    var isASCIIControl: Bool { value < 0x20 || value == 0x7F }
    var isASCIIAlphanumeric: Bool { isASCIILetter || ("0"..."9").contains(self) }
    private var isASCIILetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }

    /// The character as a person can be told of it without being fooled by it.
    var name: String {
        if self == " " { return "a space" }
        if isASCII, value > 0x20, value != 0x7F { return "the character \(self)" }
        let digits = String(value, radix: 16, uppercase: true)
        return "the character U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
