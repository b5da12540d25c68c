import Foundation
import Mail

/// The addresses of the console's own pages: every link and form names its target through here.
enum ConsoleLink {
    static let overview = "/"
    static let emails = "/emails"
    static let collections = "/collections"
    static let reminders = "/reminders"
    static let live = "/live"
    static let signIn = "/sign-in"
    static let signOut = "/sign-out"

    static func emails(_ query: SearchQuery, cursor: String? = nil) -> String {
        with(query: [("q", query.text), ("cursor", cursor ?? "")], path: emails)
    }
    static func csv(_ query: SearchQuery) -> String { with(query: [("q", query.text)], path: "/emails.csv") }

    /// - Parameters:
    ///   - recipient: The delivery whose story is unfolded.
    ///   - show: The only state whose recipients are listed.
    ///   - asked: What has just been asked of the scheduler.
    static func email(
        _ mailing: MailingID, recipient: DeliveryID? = nil, show: DeliveryState? = nil, page: Int = 1, images: Bool = false,
        asked: Asked? = nil
    ) -> String {
        let path = with(
            query: [
                ("recipient", recipient?.description ?? ""), ("show", show?.rawValue ?? ""), ("page", page > 1 ? String(page) : ""),
                ("images", images ? "1" : ""), ("asked", asked?.rawValue ?? ""),
            ],
            path: "/emails/\(mailing)")
        if images { return path + "#letter" }
        return recipient == nil || asked != nil ? path : path + "#story"
    }
    static func body(of mailing: MailingID, for recipient: DeliveryID?, images: Bool) -> String {
        with(query: [("recipient", recipient?.description ?? ""), ("images", images ? "1" : "")], path: "/emails/\(mailing)/body")
    }
    static func cancel(_ mailing: MailingID) -> String { "/emails/\(mailing)/cancel" }
    static func cancel(_ delivery: DeliveryID) -> String { "/deliveries/\(delivery)/cancel" }
    static func resolve(_ delivery: DeliveryID) -> String { "/deliveries/\(delivery)/resolve" }
    /// - Parameter isSaved: Whether the browser is to keep it as a file.
    static func log(_ delivery: DeliveryID, isSaved: Bool = false) -> String {
        with(query: [("save", isSaved ? "1" : "")], path: "/deliveries/\(delivery)/log.txt")
    }
    static func collection(_ id: String, cursor: String? = nil) -> String {
        with(query: [("cursor", cursor ?? "")], path: "/collections/" + encoded(id))
    }

    /// What a person asked of the scheduler on a page of ours, to be told what came of it.
    enum Asked: String, CaseIterable, Sendable {
        case cancel, arrived, again
    }

    /// `path?name=value&…`, without the names that have no value.
    private static func with(query: [(name: String, value: String)], path: String) -> String {
        let pairs = query.filter { !$0.value.isEmpty }.map { "\($0.name)=\(encoded($0.value))" }
        return pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }

    /// Percent-encodes everything but RFC 3986's unreserved characters.
    private static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
