/// Where a domain wants its mail to be brought (RFC 5321 section 5.1).
package struct MailExchanger: Hashable, Sendable {
    /// Lower ones first.
    package let preference: Int
    /// A host name in lower case, without the dot at its end.
    package let host: String

    package init(preference: Int, host: String) {
        self.preference = preference
        self.host = host
    }
}

/// What a domain says about its mail.
package enum MailExchangers: Hashable, Sendable {
    /// One or more, in order of preference.
    case hosts([MailExchanger])
    /// The domain says that it takes no mail (RFC 7505).
    case null
    /// No MX records: mail goes to the domain's own address, if it has one.
    case none
}
