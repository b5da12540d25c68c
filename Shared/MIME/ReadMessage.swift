import CGMime

/// A message as it was read: decoded, bounded, and hostile. Nothing here is fit to be shown unescaped.
package struct ReadMessage: Sendable {
    /// In their order, values unfolded and decoded (RFC 2047).
    package private(set) var headers: [Letter.Header] = []
    package private(set) var from: [Address] = []
    package private(set) var to: [Address] = []
    package private(set) var subject = ""
    /// The first of each that is not an attachment.
    package private(set) var html: String?
    package private(set) var text: String?
    package private(set) var attachments: [Letter.Attachment] = []

    /// An address as it stood there, right or not.
    package struct Address: Hashable, Sendable {
        package var name: String?
        package var address: String
    }

    /// Reads a message, whatever it is: nothing is refused but what exceeds the limits, and what cannot be read is left out.
    package init(_ bytes: [UInt8]) throws {
        g_mime_init()
    }
}
