extension DeliveryID {
    /// The `Message-ID` of its mail (RFC 5322 section 3.6.4), without the angle brackets: the same at every attempt, so that copies are
    /// known for copies.
    package func messageID(from: EmailAddress) -> String { "\(self)@\(from.asciiDomain ?? from.domain)" }
}
