import DNS
import Mail
import SMTP

/// The way to each recipient is what the recipient's domain says in DNS (RFC 5321 section 5.1).
struct MXRoutes: Sendable {
    private let resolver: Resolver
    private let settings: MXSettings
    private let health: ServerHealth

    /// The most hosts of a domain, and the most addresses of a host, that are looked at.
    private static let mostHosts = 10
    private static let mostAddresses = 8

    init(resolver: Resolver, settings: MXSettings, health: ServerHealth) {
        self.resolver = resolver
        self.settings = settings
        self.health = health
    }

    @Sendable
    func find(_ recipient: EmailAddress) async -> Routing {
        if let literal = Self.literal(recipient.domain) { return route(to: literal) }
        guard let domain = recipient.asciiDomain else {
            return .none(.unsendable(.noSuchDomain(recipient.domain)), remark: "\(recipient.domain) cannot be a name in DNS")
        }
        let answer: MailExchangers
        do {
            answer = try await resolver.mailExchangers(of: domain)
        } catch {
            return .none(Self.outcome(of: error, domain: recipient.domain), remark: "MX of \(domain): \(error)")
        }
        switch answer {
        case .null:
            return .none(.unsendable(.takesNoMail(recipient.domain)), remark: "MX of \(domain): null (RFC 7505), it takes no mail")
        case .none:
            return .route(
                Route(destination: domain, groups: [[host(domain)]]), remark: "MX of \(domain): none, so its own address is used")
        case .hosts(let all):
            let hosts = all.prefix(Self.mostHosts)
            var groups: [[Route.Host]] = []
            var preference: Int?
            for each in hosts {
                if each.preference != preference { groups.append([]) }
                preference = each.preference
                groups[groups.count - 1].append(host(each.host))
            }
            let list = hosts.map { "\($0.preference) \($0.host)" }.joined(separator: ", ")
            let more = all.count > hosts.count ? " and \(all.count - hosts.count) more" : ""
            // Domains with the same hosts share their connections.
            return .route(
                Route(destination: Set(hosts.map(\.host)).sorted().joined(separator: " "), groups: groups),
                remark: "MX of \(domain): \(list)\(more)")
        }
    }

    private func route(to literal: IPAddress) -> Routing {
        guard settings.allowsLoopback || !literal.isLocalOrMany else {
            return .none(
                .unsendable(.unroutable("[\(literal)] leads back to this machine")), remark: "\(literal) leads back to this machine"
            )
        }
        let server = server(at: literal, name: nil)
        return .route(
            Route(destination: "\(literal)", groups: [[Route.Host(name: "\(literal)") { .success([server]) }]]), remark: nil)
    }

    private func host(_ name: String) -> Route.Host {
        Route.Host(name: name) { await addresses(of: name) }
    }

    private func addresses(of host: String) async -> Result<[SMTPEndpoint], LookupFailure> {
        do {
            let all = try await resolver.addresses(of: host)
            let fit = settings.allowsLoopback ? all : all.filter { !$0.isLocalOrMany }
            guard !fit.isEmpty else { return .failure(.leadsBack(host)) }
            // Where IPv6 has led nowhere of late, it comes last.
            let ordered = health.isIPv6Doubtful ? fit.filter { !$0.isIPv6 } + fit.filter(\.isIPv6) : fit
            return .success(ordered.prefix(Self.mostAddresses).map { server(at: $0, name: host) })
        } catch {
            return .failure(error)
        }
    }

    private func server(at address: IPAddress, name: String?) -> SMTPEndpoint {
        SMTPEndpoint(
            host: "\(address)", port: settings.port, security: settings.security, heloName: settings.heloName, tlsName: name,
            timeouts: settings.timeouts)
    }

    private static func outcome(of failure: LookupFailure, domain: String) -> SMTPOutcome {
        switch failure {
        case .noSuchName, .unfitName: .unsendable(.noSuchDomain(domain))
        case .noRecords, .leadsBack: .unsendable(.unroutable("\(failure)"))
        case .unanswered: .failed(.unresolved("\(failure)"), stage: .connect, mayHaveLeft: false)
        case .cancelled: .failed(.cancelled, stage: .connect, mayHaveLeft: false)
        }
    }

    /// The address in `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3).
    private static func literal(_ domain: String) -> IPAddress? {
        guard domain.first == "[", domain.last == "]" else { return nil }
        let inner = domain.dropFirst().dropLast()
        return IPAddress(inner.lowercased().hasPrefix("ipv6:") ? String(inner.dropFirst(5)) : String(inner))
    }
}
