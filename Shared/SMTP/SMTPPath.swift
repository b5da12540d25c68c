/// The addresses that may stand between the brackets of MAIL and RCPT.
///
/// Looser than RFC 5321 in what a local part may be, for there are odd mailboxes, and strict in what matters here: nothing that
/// could end the path or the command.
enum SMTPPath {
    static let longest = 320

    /// Refuses an address that could be read as anything else.
    /// - Throws: ``SMTPObstacle/unfitAddress(_:)``.
    static func check(_ address: String) throws(SMTPObstacle) {
        guard address.utf8.count <= longest else {
            throw .unfitAddress("it is longer than \(longest) bytes")
        }
        guard let at = address.utf8.lastIndex(of: UInt8(ascii: "@")) else { throw .unfitAddress("it has no @") }
        guard isDomain(address[address.index(after: at)...]) else { throw .unfitAddress("its domain is not one") }
        let local = address[..<at].unicodeScalars
        let isFit = local.first == "\"" ? isQuoted(local) : !local.isEmpty && local.allSatisfy(isUnquoted)
        guard isFit else { throw .unfitAddress("its local part has characters that cannot stand there") }
    }

    /// A domain name, an internationalized one, or an address literal such as `[IPv6:2001:db8::1]`. Also what EHLO may say.
    static func isDomain(_ text: Substring) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 255 else { return false }
        if text.utf8.first == UInt8(ascii: "[") {
            return text.last == "]" && text.utf8.count > 2
                && text.dropFirst().dropLast().utf8.allSatisfy { isLetterOrDigit($0) || ".:-".utf8.contains($0) }
        }
        return text.unicodeScalars.allSatisfy { scalar in
            scalar.isASCII ? isLetterOrDigit(UInt8(scalar.value)) || ".-_".utf8.contains(UInt8(scalar.value)) : isVisible(scalar)
        }
    }

    private static func isQuoted(_ local: Substring.UnicodeScalarView) -> Bool {
        guard local.count > 2, local.last == "\"" else { return false }
        var escaped = false
        for scalar in local.dropFirst().dropLast() {
            guard scalar == " " || isVisible(scalar), scalar != "<", scalar != ">" else { return false }
            guard escaped || scalar != "\"" else { return false }
            escaped = !escaped && scalar == "\\"
        }
        return !escaped
    }

    private static func isUnquoted(_ scalar: Unicode.Scalar) -> Bool {
        isVisible(scalar) && !(scalar.isASCII && "<>()[]:;,\\\"@".utf8.contains(UInt8(scalar.value)))
    }

    /// Neither a space nor a control nor a separator of lines, of any plane.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        guard !scalar.isASCII else { return scalar.value > 0x20 && scalar.value < 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .spaceSeparator, .unassigned, .privateUse, .surrogate: return false
        default: return true
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
