import Mail

/// One reminder of one expiry: what it is called follows from what it is, so planning it again is planning the same.
struct Occurrence: Hashable, Sendable {
    let organization: String
    let collection: String
    let expiresOn: String
    let daysBefore: Int
    let dueAt: Timestamp

    var id: ReminderID { .derived(from: "reminder", organization, collection, expiresOn, String(daysBefore)) }

    /// The mailing that reminds one person: the same however often it is issued.
    func mailing(to address: EmailAddress) -> MailingID {
        .derived(from: "reminder", organization, collection, expiresOn, String(daysBefore), address.description)
    }

    func told(mailing: MailingID? = nil, recipient: String? = nil, detail: String? = nil) -> ReminderMoved {
        ReminderMoved(
            reminder: id, collection: collection, expiresOn: expiresOn, daysBefore: daysBefore, dueAt: dueAt, mailing: mailing,
            recipient: recipient, detail: detail)
    }
}

/// An occurrence and what has become of it.
struct Reminder: Hashable, Sendable {
    let occurrence: Occurrence
    let state: State
    /// For skipped and withdrawn: why, in words.
    let detail: String?

    enum State: String, CaseIterable, Sendable, Codable {
        /// Waits for its time.
        case planned
        /// Handed to the scheduler, one mailing for each recipient.
        case issued
        /// Its time had passed, or the scheduler refused it for everyone.
        case skipped
        /// No longer wanted.
        case withdrawn
    }
}
