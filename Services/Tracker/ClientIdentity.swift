/// Who fetched an image or followed a link, judged by its User-Agent.
struct ClientIdentity: Hashable, Sendable {
    /// In words, such as "Outlook on Windows" or "Gmail (image proxy)".
    let name: String
    let kind: Kind
    /// Why we think so, in a sentence.
    let why: String

    enum Kind: String, CaseIterable, Sendable, Codable {
        /// A mail program or browser, as far as can be told in a person's hands.
        case person
        /// A mail provider's server that fetches images when a person opens the message.
        case proxy
        /// A program that fetches on its own: a scanner, a prefetcher, a crawler.
        case machine
    }

    /// Whether it counts among `people`.
    var isPerson: Bool { kind != .machine }
}
