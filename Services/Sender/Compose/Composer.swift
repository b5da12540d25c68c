import MIME
import Mail

/// A message on its way to one recipient.
struct OutgoingMail: Sendable {
    /// Empty for the null return path.
    let returnPath: String
    let recipient: EmailAddress
    let bytes: [UInt8]
}

/// Makes the message of one delivery.
struct Composer: Sendable {
    let publicURL: String
    let keys: TrackingKeys
    let returnPath: ReturnPath

    /// - Throws: ``Uncomposable``.
    func compose(_ job: Job, _ prepared: PreparedContent, attachments: [Letter.Attachment]) throws(Uncomposable) -> OutgoingMail {
        let content = prepared.content
        let links = TrackingLinks(publicURL: publicURL, keys: keys, organization: job.organization, delivery: job.delivery)
        let values = job.variables

        let merged = prepared.html?.render(values, html: true)
        let html = merged.map { merged -> String in
            guard content.track.opens || content.track.clicks else { return merged }
            return String(decoding: links.rewrite(Array(merged.utf8), track: content.track).html, as: UTF8.self)
        }
        let isShared = job.audience == .direct && !(content.to.isEmpty && content.cc.isEmpty)
        let letter = Letter(
            from: content.from.withPlainName, replyTo: content.replyTo.map { Mailbox(address: $0) },
            to: isShared ? content.to.map(\.withPlainName) : [job.recipient.withPlainName],
            cc: isShared ? content.cc.map(\.withPlainName) : [],
            subject: prepared.subject.render(values, html: false).withoutControls, date: job.acceptedAt,
            messageID: "\(job.delivery)@\(content.from.address.domain)", html: html,
            text: prepared.text?.render(values, html: false) ?? merged.map(PlainText.derived), attachments: attachments,
            headers: Self.headers(for: job))
        do {
            return OutgoingMail(
                returnPath: returnPath.address(from: content.from.address), recipient: job.recipient.address,
                bytes: try letter.compose())
        } catch {
            throw Uncomposable("\(error)")
        }
    }

    private static func headers(for job: Job) -> [Letter.Header] {
        var headers: [Letter.Header] = []
        if job.kind == "reminder" { headers.append(.init(name: "Auto-Submitted", value: "auto-generated")) }
        return headers
    }
}

extension Mailbox {
    fileprivate var withPlainName: Mailbox { Mailbox(address: address, name: name?.withoutControls) }
}

extension String {
    /// Without what must not stand in a header: control characters and the separators of lines and paragraphs, each run of them
    /// made one space.
    var withoutControls: String {
        var result = String.UnicodeScalarView()
        var wasControl = false
        for scalar in unicodeScalars {
            let isControl =
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar == "\u{2028}" || scalar == "\u{2029}"
            if !isControl { result.append(scalar) } else if !wasControl { result.append(" ") }
            wasControl = isControl
        }
        return String(result)
    }
}
