import Foundation
import Mail

/// A submission that passed, taken apart into what is stored and what is told.
struct AdmittedMailing: Sendable {
    let id: MailingID
    let organization: String
    let acceptedAt: Timestamp
    let whenUncertain: UncertaintyPolicy
    let accepted: MailingAccepted
    let contentHash: ContentHash
    let contentJSON: Data
    let attachments: [(hash: ContentHash, bytes: Data)]
    let recipients: [Recipient]
    /// What was submitted, for telling a repetition from a different mailing under the same key.
    var fingerprint: ContentHash { get throws { ContentHash(of: try Wire.encode(submission)) } }
    private let submission: Submission

    /// A recipient and the state in which their delivery begins.
    struct Recipient: Sendable {
        let submitted: MailingAccepted.Recipient
        /// `nil` where what was submitted is none.
        let address: EmailAddress?
        let work: Delivery
        let facts: [Fact.Body]
    }

    /// Only for submissions that ``Admission`` found right.
    init(
        _ submission: Submission, id: MailingID, organization: String, sendAt: Timestamp?, at now: Timestamp,
        _ freshDelivery: () -> DeliveryID
    ) throws {
        self.id = id
        self.organization = organization
        acceptedAt = now
        whenUncertain = submission.whenUncertain ?? .resend
        self.submission = submission
        attachments = (submission.attachments ?? []).map { (ContentHash(of: $0.content), $0.content) }

        var recipients: [Recipient] = []
        for recipient in submission.recipients {
            let role = recipient.role ?? .to
            var work = Delivery(
                id: freshDelivery(), mailing: id, organization: organization, whenUncertain: whenUncertain, state: .scheduled)
            var facts: [Fact.Body] = []
            var address: EmailAddress?
            do {
                let readable = try EmailAddress(recipient.address)
                address = readable
                work.domain = readable.asciiDomain ?? readable.domain
                facts = work.begin(sendAt: sendAt, at: now)
            } catch {
                facts = work.fail(.invalidAddress, detail: "\(error)")
            }
            let submitted = MailingAccepted.Recipient(
                delivery: work.id, address: recipient.address, name: recipient.name, role: role, variables: recipient.variables)
            recipients.append(Recipient(submitted: submitted, address: address, work: work, facts: facts))
        }
        self.recipients = recipients

        let content = submission.content(attachments: attachments.map(\.hash))
        contentJSON = try Wire.encode(content)
        contentHash = ContentHash(of: contentJSON)
        accepted = MailingAccepted(
            mailing: id, kind: submission.kind, name: submission.name ?? submission.subject,
            audience: submission.effectiveAudience,
            collection: submission.collection, sendAt: sendAt, whenUncertain: whenUncertain, content: content,
            recipients: recipients.map(\.submitted))
    }
}
