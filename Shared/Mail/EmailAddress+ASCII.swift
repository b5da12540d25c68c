import CIDN2

extension EmailAddress {
    /// The domain as DNS knows it: its labels beyond ASCII written as `xn--…` (RFC 5890), or the address literal as it is.
    ///
    /// `nil` for a name that cannot be written so; then there is no such domain.
    package var asciiDomain: String? {
        if domain.utf8.allSatisfy({ $0 < 0x80 }) { return domain }
        var text: UnsafeMutablePointer<CChar>?
        let flags = Int32(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
        guard idn2_to_ascii_8z(domain, &text, flags) == IDN2_OK.rawValue, let text else { return nil }
        defer { idn2_free(text) }
        return String(cString: text)
    }

    /// The same mailbox in an envelope: with ``asciiDomain`` where the local part is ASCII, so that a server needs no SMTPUTF8 for it
    /// (RFC 6531 section 3.2).
    package var envelopeForm: String {
        guard local.utf8.allSatisfy({ $0 < 0x80 }), let asciiDomain else { return description }
        return "\(local)@\(asciiDomain)"
    }
}
