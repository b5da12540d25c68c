extension Submission {
    /// Who names no audience means `mass`: nobody sees the others' addresses unless it was asked for.
    package var effectiveAudience: Audience { audience ?? .mass }

    /// What every delivery has in common. In shared mail everyone with a right address stands in their line, except in Bcc.
    /// - Parameter hashes: Those of the attachments, in their order.
    package func content(attachments hashes: [ContentHash]) -> Content {
        Content(
            from: from, replyTo: replyTo, subject: subject, html: html, text: text, to: visible(.to), cc: visible(.cc),
            attachments: zip(attachments ?? [], hashes).map { attachment, hash in
                AttachmentReference(
                    name: attachment.name, type: attachment.type, size: attachment.content.count, hash: hash,
                    contentID: attachment.contentID)
            },
            track: track ?? Tracking())
    }

    private func visible(_ role: RecipientRole) -> [Mailbox] {
        guard effectiveAudience == .direct else { return [] }
        return recipients.filter { ($0.role ?? .to) == role }.compactMap { recipient in
            do {
                return Mailbox(address: try EmailAddress(recipient.address), name: recipient.name)
            } catch {
                // Its delivery fails and says why; nobody else need see it.
                return nil
            }
        }
    }
}
