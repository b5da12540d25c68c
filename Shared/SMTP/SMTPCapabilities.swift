/// What a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1).
package struct SMTPCapabilities: Hashable, Sendable {
    package internal(set) var isExtended = false
    package internal(set) var pipelining = false
    package internal(set) var eightBitMIME = false
    package internal(set) var internationalMail = false
    package internal(set) var startTLS = false
    package internal(set) var enhancedStatusCodes = false
    package internal(set) var deliveryStatusNotifications = false
    package internal(set) var size: Size = .unannounced
    /// In upper case.
    package internal(set) var mechanisms: Set<String> = []

    /// SIZE (RFC 1870).
    package enum Size: Hashable, Sendable {
        case unannounced
        /// Announced without a limit.
        case unlimited
        /// In bytes.
        case atMost(Int)
    }

    package init() {}

    /// Reads the lines of a 250 answer to EHLO. What is not known or not well formed is passed over.
    package init(ehlo reply: SMTPReply) {
        isExtended = true
        for line in reply.lines.dropFirst().prefix(128) {
            // Some servers write AUTH=LOGIN, from before RFC 4954.
            let words = line.uppercased().replacing("AUTH=", with: "AUTH ").split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let keyword = words.first else { continue }
            switch keyword {
            case "PIPELINING": pipelining = true
            case "8BITMIME": eightBitMIME = true
            case "SMTPUTF8": internationalMail = true
            case "STARTTLS": startTLS = true
            case "ENHANCEDSTATUSCODES": enhancedStatusCodes = true
            case "DSN": deliveryStatusNotifications = true
            case "AUTH": mechanisms.formUnion(words.dropFirst().map(String.init))
            case "SIZE":
                let limit = words.count == 2 ? Int(words[1]) : 0
                size = limit.map { $0 > 0 ? .atMost($0) : .unlimited } ?? .unlimited
            default: break
            }
        }
    }
}
