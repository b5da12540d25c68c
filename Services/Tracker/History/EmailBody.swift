import Mail

/// The letter itself, as one recipient got it or as it was submitted.
struct EmailBody: Hashable, Sendable {
    let subject: String
    /// Without our tracking. Hostile: to be shown in a sandboxed frame only.
    let html: String?
    let text: String?
    let attachments: [AttachmentReference]

    /// - Parameter variables: One recipient's; `nil` leaves the fields as they were submitted, and so does a template that cannot be
    ///   filled in: its deliveries failed, and what is wrong shows.
    init(_ content: Content, variables: [String: String]?) {
        func filled(_ text: String, html: Bool) -> String {
            guard let variables else { return text }
            do { return try MergeTemplate(text).render(variables, html: html) } catch { return text }
        }
        subject = filled(content.subject, html: false)
        html = content.html.map { filled($0, html: true) }
        text = content.text.map { filled($0, html: false) }
        attachments = content.attachments
    }
}
