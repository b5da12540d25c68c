import MIME
import Mail
import Runtime

/// A message on its way to one recipient.
struct OutgoingMail: Sendable {
    /// Empty for the null return path.
    let returnPath: String
    let recipient: EmailAddress
    let bytes: [UInt8]
    /// From 1.
    var attempt = 1
    /// What a notice of a server about this message calls it (RFC 3461): the delivery.
    var envelopeID: String? = nil
}

/// Makes the message of one delivery: the same bytes at every attempt, as long as the key that signs its links is the same.
struct Composer: Sendable {
    let publicURL: String
    let keys: TrackingKeys
    let returnPath: ReturnPath
    let dkim: DKIMKeyring

    init(publicURL: String, keys: TrackingKeys, returnPath: ReturnPath, dkim: DKIMKeyring = DKIMKeyring()) {
        self.publicURL = publicURL
        self.keys = keys
        self.returnPath = returnPath
        self.dkim = dkim
    }

    init(_ configuration: SenderConfiguration) {
        self.init(
            publicURL: configuration.publicURL, keys: configuration.common.keys, returnPath: configuration.returnPath,
            dkim: configuration.dkim)
    }

    /// - Throws: ``Uncomposable``.
    func compose(_ job: Job, _ prepared: PreparedContent, attachments: [Letter.Attachment]) throws(Uncomposable) -> OutgoingMail {
        let content = prepared.content
        let links = TrackingLinks(publicURL: publicURL, keys: keys, organization: job.organization, delivery: job.delivery)
        let values = job.variables

        let isShared = job.audience == .direct && !(content.to.isEmpty && content.cc.isEmpty)
        let letter = Letter(
            from: content.from.withPlainName, replyTo: content.replyTo.map { Mailbox(address: $0) },
            to: isShared ? content.to.map(\.withPlainName) : [job.recipient.withPlainName],
            cc: isShared ? content.cc.map(\.withPlainName) : [],
            subject: prepared.subject.render(values, html: false).withoutControls, date: job.acceptedAt,
            messageID: job.delivery.messageID(from: content.from.address), attachments: attachments,
            headers: headers(for: job, links))
        do {
            let bytes = try letter.compose(html: prepared.html(for: values, links), text: prepared.text(for: values))
            return OutgoingMail(
                returnPath: returnPath.address(for: job.delivery, from: content.from.address, keys),
                recipient: job.recipient.address,
                bytes: try dkim.sign(bytes, from: content.from.address, at: letter.date),
                attempt: job.attempt, envelopeID: "\(job.delivery)")
        } catch {
            throw Uncomposable("\(error)")
        }
    }

    private func headers(for job: Job, _ links: TrackingLinks) -> [Letter.Header] {
        var headers: [Letter.Header] = []
        // RFC 2369 section 3.2 and RFC 8058: mail programs show a button of their own.
        if job.audience == .mass, let unsubscribe = links.unsubscribe {
            headers.append(.init(name: "List-Unsubscribe", value: "<\(unsubscribe)>"))
            headers.append(.init(name: "List-Unsubscribe-Post", value: "List-Unsubscribe=One-Click"))
        }
        // RFC 3834 section 5: nobody's out-of-office note is wanted in answer to a machine.
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
