import NIOCore

/// Where a session goes and how it is protected.
package struct SMTPEndpoint: Hashable, Sendable {
    /// A name or an IP address.
    package var host: String
    package var port: Int
    package var security: SMTPSecurity
    /// With credentials, TLS with a verified certificate is required whatever `security` says: they never go over plain text.
    package var credentials: SMTPCredentials?
    /// What we call ourselves in EHLO: a name that resolves to us, or an address literal such as `[192.0.2.1]`.
    package var heloName: String
    /// The name that the certificate must carry, where it is not `host` (an address looked up by ourselves, for example).
    package var tlsName: String?
    package var timeouts: SMTPTimeouts

    package init(
        host: String, port: Int, security: SMTPSecurity = .opportunistic, credentials: SMTPCredentials? = nil, heloName: String,
        tlsName: String? = nil, timeouts: SMTPTimeouts = SMTPTimeouts()
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.credentials = credentials
        self.heloName = heloName
        self.tlsName = tlsName
        self.timeouts = timeouts
    }

    /// The server as a person knows it: `mx1.example.net[192.0.2.1]:25`, or only its address or name.
    package var displayName: String {
        Self.displayName(name: tlsName ?? host, address: host, port: port)
    }

    static func displayName(name: String, address: String, port: Int) -> String {
        let isNamed = name != address && !SocketAddress.isAddress(name)
        let shown = isNamed || address.contains(":") ? "[\(address)]" : address
        return "\(isNamed ? name : "")\(shown):\(port)"
    }
}

/// What is asked of TLS on the way to a server.
package enum SMTPSecurity: String, Hashable, Sendable, CaseIterable {
    /// Plain text, even where the server offers more.
    case none
    /// STARTTLS where it is offered, with any certificate (RFC 7435); plain text where it is not offered or does not work.
    case opportunistic
    /// STARTTLS with a certificate that verifies, or nothing.
    case required
    /// TLS from the first byte (RFC 8314), with a certificate that verifies.
    case implicit
}

/// How we prove to a relay who we are (RFC 4954).
package struct SMTPCredentials: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    package enum Secret: Hashable, Sendable {
        /// For PLAIN, or LOGIN where the server has no PLAIN.
        case password(String)
        /// An OAuth 2 access token, for XOAUTH2.
        case token(String)
    }

    package var user: String
    package var secret: Secret

    package init(user: String, secret: Secret) {
        self.user = user
        self.secret = secret
    }

    /// Without the secret.
    package var description: String { "credentials of \(user.debugDescription)" }
    package var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}

/// How long each answer may take (RFC 5321 section 4.5.3.2, whose values are the defaults).
///
/// The time runs until the whole reply has come, so a server that drips one byte a second gains nothing.
package struct SMTPTimeouts: Hashable, Sendable {
    /// Until the connection stands.
    package var connect: Duration = .seconds(60)
    package var greeting: Duration = .seconds(300)
    /// EHLO and HELO.
    package var hello: Duration = .seconds(300)
    /// The reply to STARTTLS, and the handshake.
    package var tls: Duration = .seconds(120)
    package var auth: Duration = .seconds(120)
    package var mail: Duration = .seconds(300)
    package var recipient: Duration = .seconds(300)
    package var data: Duration = .seconds(120)
    /// For each piece of the message to leave.
    package var block: Duration = .seconds(180)
    /// The reply to the final dot.
    package var dot: Duration = .seconds(600)
    package var reset: Duration = .seconds(20)
    package var quit: Duration = .seconds(5)

    package init() {}

    /// The same for each, for tests and for those in a hurry.
    package init(all wait: Duration) {
        connect = wait
        greeting = wait
        hello = wait
        tls = wait
        auth = wait
        mail = wait
        recipient = wait
        data = wait
        block = wait
        dot = wait
        reset = wait
        quit = wait
    }

    /// What ``init(_:)`` reads, in words.
    package static let example = "stage=seconds parted by spaces, such as connect=10 dot=900"

    /// Reads seconds, 1 to 3600: one number for all stages, or `stage=number` parted by spaces for some, such as `connect=10 dot=900`;
    /// `nil` for anything else.
    package init?(_ text: String) {
        func wait(_ text: some StringProtocol) -> Duration? {
            Int(text).flatMap { (1...3600).contains($0) ? .seconds($0) : nil }
        }
        if let wait = wait(text) {
            self.init(all: wait)
            return
        }
        self.init()
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let wait = wait(parts[1]) else { return nil }
            switch parts[0] {
            case "connect": connect = wait
            case "greeting": greeting = wait
            case "hello": hello = wait
            case "tls": tls = wait
            case "auth": auth = wait
            case "mail": mail = wait
            case "recipient": recipient = wait
            case "data": data = wait
            case "block": block = wait
            case "dot": dot = wait
            case "reset": reset = wait
            case "quit": quit = wait
            default: return nil
            }
        }
    }

    /// How long that stage may take; `nil` where nothing is awaited.
    func wait(for stage: SMTPStage) -> Duration? {
        switch stage {
        case .connect: connect
        case .greeting: greeting
        case .hello: hello
        case .startTLS, .tls: tls
        case .auth: auth
        case .mail: mail
        case .recipient: recipient
        case .data: data
        case .message: block
        case .dot: dot
        case .reset: reset
        case .idle: nil
        case .quit: quit
        }
    }
}
