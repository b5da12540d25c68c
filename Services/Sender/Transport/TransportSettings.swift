import DNS
import Foundation
import Runtime
import SMTP

/// How messages leave, and within which limits.
struct TransportSettings: Sendable {
    enum Choice: Hashable, Sendable {
        /// To a folder of this machine.
        case sandbox
        /// To the first of these that takes them.
        case relays([SMTPEndpoint])
        /// To the recipients' own servers.
        case mx(MXSettings)
    }

    let choice: Choice
    /// Our name in EHLO.
    let heloName: String
    let limits: SessionPool.Limits
    /// A file of PEM certificates to trust besides the system's.
    let authorities: String?
    /// Name servers for `mx`; the system's where `nil`.
    let nameServers: String?

    /// Messages to one destination at once where mail goes to the recipients' own servers.
    private static let mxConnections = 10

    /// - `WAYBILL_TRANSPORT` (or `WAYBILL_TRANSPORT_FILE`): `sandbox` (default), `mx`, or one relay or more in order of preference, parted by
    ///   spaces: `smtp://[user:password@]host[:port][?tls=required|off]` or `smtps://…`; with `auth=xoauth2` the password is a token. `mx` has options for trying things out:
    ///   `mx?port=2525&loopback=yes&tls=off`.
    /// - `WAYBILL_HELO`: our name in EHLO, default the host's name.
    /// - `WAYBILL_SMTP_TIMEOUT`: seconds, 1 to 3600, for each step of SMTP, or for some as in `connect=10 dot=900`; default those of RFC 5321
    ///   section 4.5.3.2.
    /// - `WAYBILL_SMTP_CA`: PEM file of authorities to trust besides the system's, where TLS is required.
    /// - `WAYBILL_SMTP_CONNECTIONS`: messages at once to the relays, or with `mx` to one destination, 1 to 1000; default as many as
    ///   `concurrency`, with `mx` at most 10.
    /// - `WAYBILL_SMTP_MESSAGES`: the most messages over one connection, 1 to 1,000,000, default 100.
    /// - `WAYBILL_SMTP_IDLE`: seconds for which a connection waits for another message, 1 to 300, default 10.
    /// - `WAYBILL_DNS`: name servers for `mx`, parted by commas, default the system's.
    init(_ settings: inout Settings, concurrency: Int) {
        let helo = settings.stringIfPresent("WAYBILL_HELO") ?? ProcessInfo.processInfo.hostName
        let isName = helo.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !helo.isEmpty && helo.utf8.count <= 255
        if !isName { settings.complain("WAYBILL_HELO must be a host name, such as mail.example.com.") }

        heloName = helo

        var timeouts = SMTPTimeouts()
        if let text = settings.stringIfPresent("WAYBILL_SMTP_TIMEOUT") {
            if let read = SMTPTimeouts(text) {
                timeouts = read
            } else {
                settings.complain(
                    "WAYBILL_SMTP_TIMEOUT is \(text.debugDescription). It must be seconds from 1 to 3600, or \(SMTPTimeouts.example)."
                )
            }
        }

        authorities = settings.stringIfPresent("WAYBILL_SMTP_CA")
        if let authorities, !SMTPClient.canTrust(authorities) {
            settings.complain(
                "WAYBILL_SMTP_CA names \(authorities.debugDescription), which has no certificates in PEM that can be read.")
        }
        nameServers = settings.stringIfPresent("WAYBILL_DNS")
        if let nameServers {
            do { try Resolver.check(servers: nameServers) } catch { settings.complain("WAYBILL_DNS: \(error)") }
        }

        let wanted = settings.secret("WAYBILL_TRANSPORT", default: "sandbox")
        let read = Self.choice(wanted, helo: helo, timeouts: timeouts)
        if read == nil {
            settings.complain(
                "WAYBILL_TRANSPORT must be sandbox, mx, or relays parted by spaces: smtp://[user:password@]host[:port][?tls=required|off] "
                    + "or smtps://[user:password@]host[:port].")
        }
        choice = read ?? .sandbox
        let isMX = if case .mx = choice { true } else { false }
        limits = SessionPool.Limits(
            connections: settings.intIfPresent("WAYBILL_SMTP_CONNECTIONS", in: 1...1000)
                ?? (isMX ? min(concurrency, Self.mxConnections) : concurrency),
            messages: settings.int("WAYBILL_SMTP_MESSAGES", default: 100, in: 1...1_000_000),
            idle: settings.seconds("WAYBILL_SMTP_IDLE", default: .seconds(10), in: 1...300))
    }

    private static func choice(_ text: String, helo: String, timeouts: SMTPTimeouts) -> Choice? {
        if text == "sandbox" { return .sandbox }
        if text == "mx" || text.hasPrefix("mx?") { return mx(text, helo: helo, timeouts: timeouts).map { .mx($0) } }
        let words = text.split { $0 == " " || $0 == "\n" || $0 == "\t" }
        let relays = words.compactMap { relay(String($0), helo: helo, timeouts: timeouts) }
        return relays.isEmpty || relays.count != words.count ? nil : .relays(relays)
    }

    /// Reads `mx` and its options.
    private static func mx(_ text: String, helo: String, timeouts: SMTPTimeouts) -> MXSettings? {
        guard let parts = URLComponents(string: text) else { return nil }
        var mx = MXSettings(heloName: helo, timeouts: timeouts)
        // A host that is not there is not to hold up a message for as long as a relay of our own may.
        mx.timeouts.connect = min(timeouts.connect, .seconds(30))
        for item in parts.queryItems ?? [] {
            switch (item.name, item.value) {
            case ("port", let value?):
                guard let port = Int(value), (1...65_535).contains(port) else { return nil }
                mx.port = port
            case ("loopback", "yes"): mx.allowsLoopback = true
            case ("tls", "off"): mx.security = .none
            default: return nil
            }
        }
        return mx
    }

    /// Reads `smtp://…` and `smtps://…`.
    static func relay(_ text: String, helo: String, timeouts: SMTPTimeouts) -> SMTPEndpoint? {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty, url.path.isEmpty || url.path == "/" else {
            return nil
        }
        let isImplicit = url.scheme == "smtps"
        guard isImplicit || url.scheme == "smtp" else { return nil }
        var security = isImplicit ? SMTPSecurity.implicit : .opportunistic
        var isToken = false
        for item in url.queryItems ?? [] {
            switch (item.name, item.value) {
            case ("tls", "required") where !isImplicit: security = .required
            case ("tls", "off") where !isImplicit: security = .none
            case ("auth", "xoauth2"): isToken = true
            default: return nil
            }
        }
        var credentials: SMTPCredentials?
        if let user = url.user, let password = url.password {
            credentials = SMTPCredentials(user: user, secret: isToken ? .token(password) : .password(password))
        }
        guard credentials != nil || !isToken else { return nil }
        guard (url.user == nil) == (credentials == nil), credentials == nil || security != .none else { return nil }
        guard (1...65_535).contains(url.port ?? 25) else { return nil }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        return SMTPEndpoint(
            host: bare, port: url.port ?? (isImplicit ? 465 : credentials == nil ? 25 : 587), security: security,
            credentials: credentials, heloName: helo, timeouts: timeouts)
    }
}

/// How the recipients' own servers are spoken to.
struct MXSettings: Hashable, Sendable {
    /// 25 everywhere but in tests.
    var port = 25
    /// Certificates are not verified: nobody promises that an MX host has one (RFC 7435).
    var security = SMTPSecurity.opportunistic
    let heloName: String
    var timeouts: SMTPTimeouts
    /// Whether a domain may send its mail to this machine itself.
    var allowsLoopback = false

    init(heloName: String, timeouts: SMTPTimeouts) {
        self.heloName = heloName
        self.timeouts = timeouts
    }
}
