/// Who is asking: what an API token says, once verified.
package struct Principal: Hashable, Sendable {
    /// 1 to 40 of `a-z`, `0-9` and `-`.
    package let organization: String
    /// The token's subject: a name for the history.
    package let subject: String
    package let scopes: Set<Scope>

    package enum Scope: String, CaseIterable, Sendable, Codable {
        /// Submit, cancel, resolve mailings.
        case send
        /// Read the history, see the console.
        case read
        /// Manage collections and reminders.
        case remind
    }

    package init(organization: String, subject: String, scopes: Set<Scope>) {
        self.organization = organization
        self.subject = subject
        self.scopes = scopes
    }

    /// Whether `name` can be an organization's.
    package static func isOrganization(_ name: String) -> Bool {
        (1...40).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }
}
