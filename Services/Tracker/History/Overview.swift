import Mail

/// Whether anything is wrong, and how it is going.
struct Overview: Hashable, Sendable {
    /// What ended badly in the last seven days or waits for a decision, newest first, at most 20.
    let failures: [Failure]
    /// How many there are in all.
    let failureCount: Int
    /// Mailings that were refused whole in the last seven days, newest first, at most 20.
    let refusals: [Refusal]
    /// Today (UTC), and the last 7, 30 and 90 days.
    let periods: [Period]
    /// The last 90 days, oldest first, today last; each day has its entry.
    let days: [Day]
    /// The newest mailings, at most 10.
    let latest: [EmailRow]

    struct Failure: Hashable, Sendable {
        let delivery: DeliveryRow
        let subject: String
    }

    /// A mailing that was submitted over AMQP and refused.
    struct Refusal: Hashable, Sendable {
        let mailing: MailingID
        let at: Timestamp
        let problems: [String]
    }

    struct Period: Hashable, Sendable {
        /// 1, 7, 30 or 90.
        let days: Int
        let figures: Figures
    }

    struct Day: Hashable, Sendable {
        let date: CivilDate
        let figures: Figures
    }

    /// What became of the mailings that were accepted in some time.
    struct Figures: Hashable, Sendable {
        var mailings: Int
        /// Every state has its entry.
        var states: [DeliveryState: Int]
        /// Deliveries that a person has read.
        var read: Int
        /// Deliveries with a click by a person.
        var clicked: Int
    }
}

/// A collection that mail was about or that has reminders.
struct CollectionRow: Hashable, Sendable {
    let id: String
    let mailings: Int
    /// Deliveries of its mailings.
    let recipients: Int
    /// When mail about it was last accepted; `nil` where only reminders are planned.
    let lastMailingAt: Timestamp?
    /// The day it expires, as its newest reminder knows it: `2026-12-24`.
    let expiresOn: String?
    /// Reminders that are still to come.
    let planned: Int
}

/// A reminder as the facts about it tell.
struct ReminderRow: Hashable, Sendable {
    let id: ReminderID
    let collection: String
    let expiresOn: String
    let daysBefore: Int
    let dueAt: Timestamp
    let state: State
    /// Why it was skipped or withdrawn.
    let detail: String?
    /// The mailings that it became.
    let mailings: [MailingID]

    enum State: String, CaseIterable, Sendable {
        case planned, skipped, issued, withdrawn
    }
}
