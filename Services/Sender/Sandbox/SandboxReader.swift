import MIME

/// A program that fetches what is in a message, as it shows itself to the tracker.
///
/// The User-Agents are those that the programs really send:
/// - Thunderbird and Firefox: developer.mozilla.org, "Firefox user agent string reference".
/// - Apple's proxy says no more than `Mozilla/5.0`: help.socketlabs.com, "Identifying Apple MPP opens".
/// - Gmail's proxy: darkvisitors.com/agents/googleimageproxy; SendGrid and Mailjet show it in the events of their documentation.
/// - Barracuda's link check: Braze's documentation on bot filtering, and the Matomo device detector's list.
struct SandboxReader: Sendable {
    let image: Step?
    let links: Step?
    /// The most links it follows, in their order.
    let mostLinks: Int

    struct Step: Sendable {
        let userAgent: String
        /// After the delivery.
        let after: Duration
    }

    /// `nil` for who reads nothing.
    init?(_ persona: SandboxPersona) {
        switch persona {
        case .opens: self.init(image: Step(userAgent: Self.thunderbird, after: .seconds(15)))
        case .clicks:
            self.init(
                image: Step(userAgent: Self.thunderbird, after: .seconds(15)),
                links: Step(userAgent: Self.firefox, after: .seconds(22)), mostLinks: 1)
        case .scanner:
            self.init(
                image: Step(userAgent: Self.barracuda, after: .seconds(2)),
                links: Step(userAgent: Self.barracuda, after: .seconds(1)), mostLinks: 100)
        case .apple: self.init(image: Step(userAgent: "Mozilla/5.0", after: .seconds(5)))
        case .gmail: self.init(image: Step(userAgent: Self.googleProxy, after: .seconds(20)))
        case .permanentFailure, .temporaryFailure, .mailboxFull, .slow, .dropAfterDot, .bounceLater, .complain, .autoReply:
            return nil
        }
    }

    private init(image: Step?, links: Step? = nil, mostLinks: Int = 0) {
        self.image = image
        self.links = links
        self.mostLinks = mostLinks
    }

    private static let thunderbird = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.6.0"
    private static let firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
    private static let googleProxy = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    private static let barracuda = "Barracuda Sentinel (EE)"

    /// What it fetches of an HTML text, and when: only the tracker's own addresses, because mail may name any server.
    func visits(to html: String, publicURL: String) -> [(url: String, step: Step)] {
        let bytes = Array(html.utf8)
        var scanner = HTMLScanner(bytes)
        var images: [String] = []
        var followed: [String] = []
        while let tag = scanner.next() {
            guard !tag.isEnd, !tag.isConditional, tag.name == "a" || tag.name == "img" else { continue }
            let wanted = tag.name == "a" ? "href" : "src"
            guard let range = tag.attributes.first(where: { $0.name == wanted })?.value,
                let url = HTMLEntities.decode(bytes[range])
            else { continue }
            if tag.name == "a", followed.count < mostLinks, Self.isToken(url, after: publicURL + "/c/") { followed.append(url) }
            if tag.name == "img", images.isEmpty, Self.isToken(url, after: publicURL + "/o/") { images.append(url) }
        }
        return (image.map { step in images.map { ($0, step) } } ?? []) + (links.map { step in followed.map { ($0, step) } } ?? [])
    }

    /// Whether `url` is `prefix` and a token: nothing that leads elsewhere can follow.
    private static func isToken(_ url: String, after prefix: String) -> Bool {
        guard url.hasPrefix(prefix) else { return false }
        let token = url.dropFirst(prefix.count)
        return !token.isEmpty && token.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    }
}
