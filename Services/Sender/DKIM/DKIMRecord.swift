/// A public key as it is published: what `sender dkim-key` prints.
struct DKIMRecord: Hashable, Encodable {
    let domain: String
    let selector: String
    let algorithm: String
    /// Of the key, in bits.
    let size: Int
    /// Where the private half is.
    let file: String
    /// The DNS name of the TXT record.
    let name: String
    /// The record's text, for forms that split it themselves.
    let value: String
    /// The record as a line of a zone file.
    let zone: String

    /// - Parameter domain: In ASCII.
    init(of key: DKIMKey, domain: String, file: String) {
        self.domain = domain
        self.file = file
        selector = key.selector
        algorithm = key.algorithm.rawValue
        size = key.size
        name = "\(key.selector)._domainkey.\(domain)"
        value = key.record
        zone = "\(name). IN TXT " + Self.strings(key.record).map { "\"\($0)\"" }.joined(separator: " ")
    }

    /// A TXT record is strings of at most 255 bytes, read as one (RFC 6376, section 3.6.2.2).
    private static func strings(_ text: String) -> [String] {
        var rest = text.utf8[...]
        var strings: [String] = []
        while !rest.isEmpty {
            strings.append(String(decoding: rest.prefix(255), as: UTF8.self))
            rest = rest.dropFirst(255)
        }
        return strings
    }
}
