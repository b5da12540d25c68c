import Foundation
import Mail
import Runtime

@testable import Scheduler

/// Things to test with.
enum Samples {
    static let organization = "demo"
    /// 2026-12-01T08:00:00Z
    static let now = Timestamp(microseconds: 1_796_112_000_000_000)

    static func address(_ text: String) throws -> EmailAddress { try EmailAddress(text) }

    /// A submission that is right in every way.
    static func submission(
        to addresses: [String] = ["ann@example.net"], _ change: (inout Submission) -> Void = { _ in }
    ) throws -> Submission {
        var submission = Submission(
            kind: "invite", subject: "Your photos, {{name}}",
            from: Mailbox(address: try EmailAddress("studio@example.com"), name: "Studio"), html: "<p>Hello {{name}}</p>",
            text: "Hello {{name}}",
            recipients: addresses.map { Submission.Recipient(address: $0, name: "Ann", variables: ["name": "Ann"]) })
        change(&submission)
        return submission
    }

    static let attachment = Submission.Attachment(name: "terms.pdf", type: "application/pdf", content: Data("terms".utf8))

    static func admit(_ submission: Submission, limits: AdmissionLimits = AdmissionLimits(), at now: Timestamp = now) throws
        -> AdmittedMailing
    {
        try Admission(limits: limits, zone: { $0 == "Etc/UTC" ? .utc : nil })
            .admit(submission, as: .fresh(), of: organization, at: now, freshDelivery: { .fresh() })
    }
}
