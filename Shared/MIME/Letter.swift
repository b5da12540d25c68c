package import Mail

/// A message to be written: what the serializer turns into bytes.
package struct Letter: Sendable {
    package var from: Mailbox
    package var replyTo: Mailbox?
    package var to: [Mailbox]
    package var cc: [Mailbox]
    package var subject: String
    package var date: Timestamp
    /// Without angle brackets: `id@domain`.
    package var messageID: String
    package var html: String?
    /// See ``PlainText`` for one that follows from the HTML.
    package var text: String?
    package var attachments: [Attachment]
    /// In this order, after our own. Values may be any text: what is not ASCII is encoded (RFC 2047).
    package var headers: [Header]

    package struct Attachment: Hashable, Sendable {
        /// A file name, as people see it.
        package var name: String
        /// Such as `application/pdf`.
        package var type: String
        package var bytes: [UInt8]
        /// Without angle brackets; set for an image that the HTML shows as `cid:…`.
        package var contentID: String?

        package init(name: String, type: String, bytes: [UInt8], contentID: String? = nil) {
            self.name = name
            self.type = type
            self.bytes = bytes
            self.contentID = contentID
        }
    }

    package struct Header: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package init(
        from: Mailbox, replyTo: Mailbox? = nil, to: [Mailbox], cc: [Mailbox] = [], subject: String, date: Timestamp,
        messageID: String, html: String? = nil, text: String? = nil, attachments: [Attachment] = [], headers: [Header] = []
    ) {
        self.from = from
        self.replyTo = replyTo
        self.to = to
        self.cc = cc
        self.subject = subject
        self.date = date
        self.messageID = messageID
        self.html = html
        self.text = text
        self.attachments = attachments
        self.headers = headers
    }
}

/// Why a letter cannot be written.
package enum LetterError: Error, Hashable, CustomStringConvertible {
    /// A line break, a NUL or another control character, or a name that no header can have.
    case unfitHeader(name: String, reason: String)
    case unfitAttachment(name: String, reason: String)
    case serializer(String)

    package var description: String {
        switch self {
        case .unfitHeader(let name, let reason): "The header \(name.debugDescription) cannot be written: \(reason)."
        case .unfitAttachment(let name, let reason): "The attachment \(name.debugDescription) cannot be written: \(reason)."
        case .serializer(let reason): "The message cannot be written: \(reason)."
        }
    }
}
