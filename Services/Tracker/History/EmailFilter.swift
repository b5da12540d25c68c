import Mail

/// Which emails someone asks for. Everything given must hold.
struct EmailFilter: Hashable, Sendable {
    /// Words that stand in the subject, the name or a recipient's address or name, each of them somewhere.
    var words: String?
    var status: EmailStatus?
    /// `invite`, `campaign`, … exactly.
    var kind: String?
    /// The collection's id, exactly.
    var collection: String?
    /// A part of a recipient's address or name.
    var recipient: String?
    /// Accepted at this moment or later.
    var after: Timestamp?
    /// Accepted before this moment.
    var before: Timestamp?
}

/// What can be asked for as an email's status: one of the delivery states, or what its recipients did.
enum EmailStatus: Hashable, Sendable, CaseIterable, RawRepresentable {
    /// At least one delivery is in this state.
    case state(DeliveryState)
    /// At least one recipient has read it: viewed by a person, or clicked.
    case read
    /// Delivered and tracked, and nobody has read it yet.
    case unread
    case clicked
    /// At least one recipient unsubscribed through it.
    case unsubscribed
    /// Opens are not tracked.
    case untracked

    static let allCases: [EmailStatus] =
        DeliveryState.allCases.map(EmailStatus.state) + [.read, .unread, .clicked, .unsubscribed, .untracked]

    init?(rawValue: String) {
        guard let status = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
        self = status
    }

    /// As it stands in a URL: `bounced`, `read`, ….
    var rawValue: String {
        switch self {
        case .state(let state): state.rawValue
        case .read: "read"
        case .unread: "unread"
        case .clicked: "clicked"
        case .unsubscribed: "unsubscribed"
        case .untracked: "untracked"
        }
    }
}

/// Where a page of a list ends and the next begins; opaque text in a URL.
struct Cursor: Hashable, Sendable, CustomStringConvertible {
    /// The sort key of the last row shown.
    let key: Int64

    init(key: Int64) {
        self.key = key
    }

    /// `nil` unless `text` came from ``description``.
    init?(_ text: String) {
        guard text.utf8.count <= 13, let key = Int64(text, radix: 36), key >= 0 else { return nil }
        self.key = key
    }

    var description: String { String(key, radix: 36) }
}

/// A part of a list, and where it goes on.
struct Page<Element: Sendable>: Sendable {
    var items: [Element]
    /// `nil` at the end of the list.
    var next: Cursor?
}
