import Mail

/// The letter itself, as one recipient got it or as it was submitted.
struct EmailBody: Hashable, Sendable {
    let subject: String
    /// Without our tracking. Hostile: to be shown in a sandboxed frame only.
    let html: String?
    let text: String?
    let attachments: [AttachmentReference]

    /// - Parameter variables: One recipient's; `nil` leaves the fields as they were submitted.
    init(_ content: Content, variables: [String: String]?) {
        subject = content.subject
        html = content.html
        text = content.text
        attachments = content.attachments
    }
}
