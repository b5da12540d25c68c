package import Foundation

/// What a client asks to have sent: the body of `POST /v1/mailings` and of the command `mailing.submit`.
///
/// Fields not named here are refused, so that a misspelt one is not silently ignored.
package struct Submission: Hashable, Sendable, Codable {
    package var kind: String
    package var name: String?
    package var subject: String
    package var from: Mailbox
    package var replyTo: EmailAddress?
    package var html: String?
    package var text: String?
    package var audience: Audience?
    package var collection: String?
    /// A moment (`2026-12-01T08:00:00Z`) or a local time with its zone (`2026-12-01T09:00:00[Europe/Berlin]`).
    package var sendAt: String?
    package var recipients: [Recipient]
    package var attachments: [Attachment]?
    package var track: Tracking?
    package var whenUncertain: UncertaintyPolicy?

    package struct Recipient: Hashable, Sendable, Codable {
        /// Not yet checked: one bad address fails one delivery, not the mailing.
        package var address: String
        package var name: String?
        package var role: RecipientRole?
        package var variables: [String: String]?

        package init(address: String, name: String? = nil, role: RecipientRole? = nil, variables: [String: String]? = nil) {
            self.address = address
            self.name = name
            self.role = role
            self.variables = variables
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
            address = try container.decode(String.self, forKey: .address)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            role = try container.decodeIfPresent(RecipientRole.self, forKey: .role)
            variables = try container.decodeIfPresent([String: String].self, forKey: .variables)
        }

        package enum CodingKeys: String, CodingKey, CaseIterable { case address, name, role, variables }
    }

    package struct Attachment: Hashable, Sendable, Codable {
        package var name: String
        package var type: String
        /// Base64 on the wire.
        package var content: Data
        /// For an image that the HTML shows as `cid:…`: what stands there. Without, it is a file beside the letter.
        package var contentID: String?

        package init(name: String, type: String, content: Data, contentID: String? = nil) {
            self.name = name
            self.type = type
            self.content = content
            self.contentID = contentID
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
            name = try container.decode(String.self, forKey: .name)
            type = try container.decode(String.self, forKey: .type)
            content = try container.decode(Data.self, forKey: .content)
            contentID = try container.decodeIfPresent(String.self, forKey: .contentID)
        }

        package enum CodingKeys: String, CodingKey, CaseIterable { case name, type, content, contentID }
    }

    package init(
        kind: String, name: String? = nil, subject: String, from: Mailbox, replyTo: EmailAddress? = nil, html: String? = nil,
        text: String? = nil, audience: Audience? = nil, collection: String? = nil, sendAt: String? = nil, recipients: [Recipient],
        attachments: [Attachment]? = nil, track: Tracking? = nil, whenUncertain: UncertaintyPolicy? = nil
    ) {
        self.kind = kind
        self.name = name
        self.subject = subject
        self.from = from
        self.replyTo = replyTo
        self.html = html
        self.text = text
        self.audience = audience
        self.collection = collection
        self.sendAt = sendAt
        self.recipients = recipients
        self.attachments = attachments
        self.track = track
        self.whenUncertain = whenUncertain
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
        kind = try container.decode(String.self, forKey: .kind)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        subject = try container.decode(String.self, forKey: .subject)
        from = try container.decode(StrictMailbox.self, forKey: .from).mailbox
        replyTo = try container.decodeIfPresent(EmailAddress.self, forKey: .replyTo)
        html = try container.decodeIfPresent(String.self, forKey: .html)
        text = try container.decodeIfPresent(String.self, forKey: .text)
        audience = try container.decodeIfPresent(Audience.self, forKey: .audience)
        collection = try container.decodeIfPresent(String.self, forKey: .collection)
        sendAt = try container.decodeIfPresent(String.self, forKey: .sendAt)
        recipients = try container.decode([Recipient].self, forKey: .recipients)
        attachments = try container.decodeIfPresent([Attachment].self, forKey: .attachments)
        track = try container.decodeIfPresent(StrictTracking.self, forKey: .track)?.tracking
        whenUncertain = try container.decodeIfPresent(UncertaintyPolicy.self, forKey: .whenUncertain)
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case kind, name, subject, from, replyTo, html, text, audience, collection, sendAt, recipients, attachments, track,
            whenUncertain
    }
}

/// A ``Mailbox`` as a client writes it.
private struct StrictMailbox: Decodable {
    let mailbox: Mailbox

    init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: Key.self)
        mailbox = Mailbox(
            address: try container.decode(EmailAddress.self, forKey: .address),
            name: try container.decodeIfPresent(String.self, forKey: .name))
    }

    enum Key: String, CodingKey, CaseIterable { case address, name }
}

/// ``Tracking`` as a client writes it: what is not named is tracked.
private struct StrictTracking: Decodable {
    let tracking: Tracking

    init(from decoder: any Decoder) throws {
        let container = try decoder.strictContainer(keyedBy: Key.self)
        tracking = Tracking(
            opens: try container.decodeIfPresent(Bool.self, forKey: .opens) ?? true,
            clicks: try container.decodeIfPresent(Bool.self, forKey: .clicks) ?? true)
    }

    enum Key: String, CodingKey, CaseIterable { case opens, clicks }
}
