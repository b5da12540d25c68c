import Foundation
import GRDB
import Mail
import Store

/// What became of every email: the questions that the console, the API and the reports ask. Reads only.
///
/// Each answer is about one organization; what belongs to another one does not exist for it.
struct History: Sendable {
    let store: StoreFile

    init(store: StoreFile) {
        self.store = store
    }

    /// The newest mailings first.
    /// - Parameter limit: Clamped to 1...500.
    func emails(
        of organization: String, filter: EmailFilter = EmailFilter(), cursor: Cursor? = nil, limit: Int = 50
    ) async throws -> Page<EmailRow> { Page(items: [], next: nil) }

    /// One mailing, or `nil` where the organization has none by this id.
    func mailing(_ id: MailingID, of organization: String) async throws -> EmailDetail? { nil }

    /// Everything that happened to one delivery.
    func timeline(of delivery: DeliveryID, organization: String) async throws -> DeliveryTimeline? { nil }

    /// The conversations with servers, attempt by attempt, as plain text. Hostile text.
    func transcript(of delivery: DeliveryID, organization: String) async throws -> String? { nil }

    /// The letter: as submitted, or filled in for one delivery of the mailing.
    func body(of mailing: MailingID, delivery: DeliveryID? = nil, organization: String) async throws -> EmailBody? { nil }

    /// Collections, those with the newest mail first.
    func collections(of organization: String, cursor: Cursor? = nil, limit: Int = 50) async throws -> Page<CollectionRow> {
        Page(items: [], next: nil)
    }

    /// The kinds of mailing that the organization has used, in alphabetical order.
    func kinds(of organization: String) async throws -> [String] { [] }

    /// Reminders by their due time, those still to come included, at most 500.
    func reminders(of organization: String, collection: String? = nil, from: Timestamp, until: Timestamp) async throws
        -> [ReminderRow]
    { [] }

    func overview(of organization: String, now: Timestamp) async throws -> Overview {
        Overview(failures: [], failureCount: 0, refusals: [], periods: [], days: [], latest: [])
    }
}
