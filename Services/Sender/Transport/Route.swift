import DNS
import SMTP

/// Where a message may go: hosts in order of preference, some of them equal.
struct Route: Sendable {
    struct Host: Sendable {
        let name: String
        /// Its servers in the order in which they are tried: a relay is one, an MX host has one for each of its addresses.
        let servers: @Sendable () async -> Result<[SMTPEndpoint], LookupFailure>
    }

    /// Messages to the same destination share connections, and the limit on them.
    let destination: String
    /// Most preferred first. Within a group the order is left to chance (RFC 5321 section 5.1).
    let groups: [[Host]]
}

/// What is known of the way to a recipient.
enum Routing: Sendable {
    /// - Parameter remark: For the transcript.
    case route(Route, remark: String?)
    /// There is none, now or ever.
    case none(SMTPOutcome, remark: String)
}
