import Foundation
import MIME
import Mail

/// What a list of the sandbox's mail shows, read once for each message. Other senders may add to the folder at any time.
actor InboxIndex {
    private let maildir: Maildir
    private var entries: [String: Entry] = [:]

    struct Entry: Sendable {
        /// The file's name.
        let id: String
        let at: Timestamp
        /// The envelope's recipient.
        let recipient: String
        let from: String
        let subject: String
        let messageID: String
    }

    /// Headers end long before this; bytes.
    private static let headLength = 64 * 1024

    init(maildir: Maildir) { self.maildir = maildir }

    /// Whose recipient contains `recipient`, newest first.
    /// - Parameter before: The last id of the page before.
    func entries(to recipient: String, before: String?, limit: Int) async throws -> (page: [Entry], total: Int) {
        try await refresh()
        let sought = recipient.lowercased()
        let found = entries.values.filter { sought.isEmpty || $0.recipient.lowercased().contains(sought) }
            .sorted { ($0.at, $0.id) > ($1.at, $1.id) }
        let rest =
            before.map { before in found.drop { ($0.at.microseconds, $0.id) >= (Maildir.order(of: before), before) } } ?? found[...]
        return (Array(rest.prefix(limit)), found.count)
    }

    /// The message of this id, whole; `nil` where there is none.
    func message(_ id: String) async throws -> (entry: Entry, bytes: [UInt8])? {
        try await refresh()
        guard let entry = entries[id], let bytes = try await maildir.read(id) else { return nil }
        return (entry, bytes)
    }

    private func refresh() async throws {
        let names = try await maildir.names()
        let present = Set(names)
        entries = entries.filter { present.contains($0.key) }
        for name in names where entries[name] == nil {
            guard let head = try await maildir.read(name, upTo: Self.headLength) else { continue }
            entries[name] = try Self.entry(name, head)
        }
    }

    private static func entry(_ name: String, _ head: [UInt8]) throws -> Entry {
        let message = try ReadMessage(head)
        func header(_ name: String) -> String {
            message.headers.first { $0.name.lowercased() == name }?.value ?? ""
        }
        let from = message.from.first.map { address in
            address.name.map { $0.isEmpty ? address.address : "\($0) <\(address.address)>" } ?? address.address
        }
        return Entry(
            id: name, at: Timestamp(microseconds: Maildir.order(of: name)), recipient: header("delivered-to"), from: from ?? "",
            subject: message.subject, messageID: header("message-id"))
    }
}
