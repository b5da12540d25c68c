import Mail

extension Traffic {
    /// The mail of one organization to one domain.
    struct Lane: Hashable, Sendable {
        let organization: String
        let domain: String
    }

    /// What one lane may put on its way now.
    struct Turn: Hashable, Sendable {
        let lane: Lane
        /// Known to wait: they go first.
        var known: [Ticket] = []
        /// How many to take from the disk, beyond ``place``.
        var count = 0
        let place: Int64
    }

    struct Waiting: Hashable, Sendable {
        let ticket: Ticket
        let place: Int64
    }

    /// What keeps a lane waiting.
    enum HoldReason: String, CaseIterable, Sendable {
        /// The organization's limit or share.
        case organization
        case concurrency
        case rate
        case share
    }
}
