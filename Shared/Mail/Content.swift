import Crypto
package import Foundation

/// What every delivery of one mailing has in common: the letter without its envelope.
package struct Content: Hashable, Sendable, Codable {
    package var from: Mailbox
    package var replyTo: EmailAddress?
    /// May hold `{{variables}}`, as `html` and `text` may.
    package var subject: String
    package var html: String?
    package var text: String?
    /// The visible lines of shared mail: everyone sees them. Empty for mass mail, where each sees only themselves.
    package var to: [Mailbox]
    package var cc: [Mailbox]
    package var attachments: [AttachmentReference]
    package var track: Tracking

    package init(
        from: Mailbox, replyTo: EmailAddress?, subject: String, html: String?, text: String?, to: [Mailbox], cc: [Mailbox],
        attachments: [AttachmentReference], track: Tracking
    ) {
        self.from = from
        self.replyTo = replyTo
        self.subject = subject
        self.html = html
        self.text = text
        self.to = to
        self.cc = cc
        self.attachments = attachments
        self.track = track
    }
}

/// Which engagement a mailing asks for.
package struct Tracking: Hashable, Sendable, Codable {
    package var opens: Bool
    package var clicks: Bool

    package init(opens: Bool = true, clicks: Bool = true) {
        self.opens = opens
        self.clicks = clicks
    }
}

/// An attachment without its bytes.
package struct AttachmentReference: Hashable, Sendable, Codable {
    package var name: String
    /// Such as `application/pdf`.
    package var type: String
    /// Bytes.
    package var size: Int
    package var hash: ContentHash
    /// Set for an image that the HTML shows as `cid:…`.
    package var contentID: String?

    package init(name: String, type: String, size: Int, hash: ContentHash, contentID: String? = nil) {
        self.name = name
        self.type = type
        self.size = size
        self.hash = hash
        self.contentID = contentID
    }
}

/// SHA-256 of some bytes, as 64 lower-case hexadecimal digits: their name in every cache.
package struct ContentHash: Hashable, Sendable, JSONTextual {
    package let description: String

    package init(of bytes: some DataProtocol) {
        let digits = { (value: UInt8) in value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }
        let hash = SHA256.hash(data: bytes)
        description = String(unsafeUninitializedCapacity: 64) { text in
            for (place, byte) in hash.enumerated() {
                text[2 * place] = digits(byte >> 4)
                text[2 * place + 1] = digits(byte & 15)
            }
            return 64
        }
    }

    /// `nil` unless `text` has the form of a hash.
    package init?(_ text: String) {
        guard text.utf8.count == 64,
            text.utf8.allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            })
        else { return nil }
        description = text
    }

    package init?(ascii: UnsafeBufferPointer<UInt8>) { self.init(String(decoding: ascii, as: UTF8.self)) }

    package static var form: String { "a hash is 64 lower-case hexadecimal digits" }
}
