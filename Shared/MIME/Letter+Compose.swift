import CGMime
import Foundation
import Mail

extension Letter {
    /// The message's bytes: CRLF lines of at most 998 bytes, 7-bit but for addresses whose local part is beyond ASCII.
    ///
    /// `multipart/alternative` of text and HTML, the HTML with its inline images in `multipart/related` (RFC 2387), all of it with
    /// the attachments in `multipart/mixed`; each only where there is need of it. The same letter always gives the same bytes.
    /// - Throws: ``LetterError``.
    package func compose() throws(LetterError) -> [UInt8] {
        try compose(html: html.map { BodyText($0) }, text: text.map { BodyText($0) })
    }

    /// The same with other bodies than ``html`` and ``text``: such as were prepared for many letters.
    package func compose(html: BodyText?, text: BodyText?) throws(LetterError) -> [UInt8] {
        try check()
        var wire: [UInt8] = []
        let size = attachments.reduce((html?.size ?? 0) + (text?.size ?? 0)) { $0 + $1.bytes.count * 7 / 5 }
        wire.reserveCapacity(size + 4096)
        appendHeaders(to: &wire)
        try append(arranged(html: html, text: text), to: &wire)
        if wire.last != 0x0A { wire += [0x0D, 0x0A] }
        return wire
    }

    private func appendHeaders(to wire: inout [UInt8]) {
        HeaderValue.append("Date", HeaderValue.date(date), to: &wire)
        for (name, mailboxes) in [("From", [from]), ("Reply-To", replyTo.map { [$0] } ?? []), ("To", to), ("Cc", cc)]
        where !mailboxes.isEmpty {
            HeaderValue.append(name, HeaderValue.mailboxes(mailboxes, after: name), to: &wire)
        }
        HeaderValue.append("Subject", HeaderValue.unstructured(subject, after: "Subject"), to: &wire)
        HeaderValue.append("Message-Id", "<\(messageID)>", to: &wire)
        for header in headers {
            HeaderValue.append(header.name, HeaderValue.unstructured(header.value, after: header.name), to: &wire)
        }
        HeaderValue.append("MIME-Version", "1.0", to: &wire)
    }

    // MARK: - Parts

    private indirect enum Part {
        case text(BodyText, subtype: String)
        case attachment(Attachment)
        case multipart(subtype: String, [Part])
    }

    private func arranged(html: BodyText?, text: BodyText?) -> Part {
        let isInline = { (attachment: Attachment) in html != nil && attachment.contentID != nil }
        var whole: Part
        if let html {
            whole = .text(html, subtype: "html")
            let inline = attachments.filter(isInline)
            if !inline.isEmpty { whole = .multipart(subtype: "related", [whole] + inline.map(Part.attachment)) }
            if let text { whole = .multipart(subtype: "alternative", [.text(text, subtype: "plain"), whole]) }
        } else {
            whole = .text(text ?? BodyText(""), subtype: "plain")
        }
        let attached = attachments.filter { !isInline($0) }
        return attached.isEmpty ? whole : .multipart(subtype: "mixed", [whole] + attached.map(Part.attachment))
    }

    /// Adds a part with its headers.
    private func append(_ part: Part, to wire: inout [UInt8]) throws(LetterError) {
        switch part {
        case .text(let text, let subtype):
            let encoding = text.encoding
            HeaderValue.append("Content-Type", "text/\(subtype); charset=utf-8", to: &wire)
            HeaderValue.append("Content-Transfer-Encoding", encoding.rawValue, to: &wire)
            wire += [0x0D, 0x0A]
            text.append(to: &wire, as: encoding)
        case .attachment(let attachment):
            wire += try Self.headers(of: attachment)
            attachment.bytes.withUnsafeBufferPointer { TransferEncoding.appendBase64($0, to: &wire) }
        case .multipart(let subtype, let parts):
            let boundary = boundary(of: subtype)
            HeaderValue.append("Content-Type", "multipart/\(subtype);\r\n\tboundary=\"\(boundary)\"", to: &wire)
            wire += [0x0D, 0x0A]
            for part in parts {
                wire += "--\(boundary)\r\n".utf8
                try append(part, to: &wire)
                wire += [0x0D, 0x0A]
            }
            wire += "--\(boundary)--\r\n".utf8
        }
    }

    /// The boundary follows from the Message-ID, which nobody knows when the content is written. `=_` stands in no encoded part.
    private func boundary(of subtype: String) -> String {
        "=_\(subtype)_\(ContentHash(of: Data("\(subtype) \(messageID)".utf8)).description.prefix(32))"
    }

    /// An attachment's headers, with the empty line after them.
    private static func headers(of attachment: Attachment) throws(LetterError) -> [UInt8] {
        _ = GMime.started
        let type = attachment.type.split(separator: "/", maxSplits: 1).map(String.init)
        guard type.count == 2, let part = g_mime_part_new_with_type(type[0], type[1]) else {
            throw .unfitAttachment(name: attachment.name, reason: "its type \(attachment.type.debugDescription) is no media type")
        }
        defer { GMime.release(part) }
        let object = GMime.cast(part, to: GMimeObject.self)
        g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64)
        g_mime_object_set_disposition(object, attachment.contentID == nil ? "attachment" : "inline")
        g_mime_part_set_filename(part, attachment.name)
        if let id = attachment.contentID { g_mime_object_set_content_id(object, id) }
        return try write(object)
    }

    private static func write(_ object: UnsafeMutablePointer<GMimeObject>) throws(LetterError) -> [UInt8] {
        guard let options = g_mime_format_options_new(), let stream = g_mime_stream_mem_new() else {
            throw .serializer("out of memory")
        }
        defer {
            g_mime_format_options_free(options)
            GMime.release(stream)
        }
        g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS)
        g_mime_format_options_set_param_encoding_method(options, GMIME_PARAM_ENCODING_METHOD_RFC2231)
        guard g_mime_object_write_to_stream(object, options, stream) >= 0, g_mime_stream_flush(stream) == 0 else {
            throw .serializer("the MIME library failed")
        }
        return GMime.bytes(of: stream)
    }

    // MARK: - Checks

    /// Nothing that could end a header field may come near the serializer.
    private func check() throws(LetterError) {
        try check("Subject", subject)
        try check("Message-ID", messageID)
        guard !messageID.utf8.contains(where: { "<> ".utf8.contains($0) }) else {
            throw .unfitHeader(name: "Message-ID", reason: "it has an angle bracket or a space")
        }
        for (field, mailboxes) in [("From", [from]), ("Reply-To", replyTo.map { [$0] } ?? []), ("To", to), ("Cc", cc)] {
            for mailbox in mailboxes {
                try check(field, mailbox.address.local)
                try check(field, mailbox.address.domain)
                try check(field, mailbox.name ?? "")
            }
        }
        for header in headers {
            guard !header.name.isEmpty, header.name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") })
            else {
                throw .unfitHeader(name: header.name, reason: "no header can have this name (RFC 5322 section 2.2)")
            }
            try check(header.name, header.value)
        }
        for attachment in attachments {
            if let stranger = HeaderText.stranger(in: attachment.name + (attachment.contentID ?? "")) {
                throw .unfitAttachment(name: attachment.name, reason: "its name has the character \(stranger)")
            }
            guard HeaderText.isMediaType(attachment.type) else {
                throw .unfitAttachment(
                    name: attachment.name, reason: "its type \(attachment.type.debugDescription) is no media type")
            }
        }
    }

    private func check(_ name: String, _ value: String) throws(LetterError) {
        if let stranger = HeaderText.stranger(in: value) {
            throw .unfitHeader(name: name, reason: "it has the character \(stranger), which no header field may hold")
        }
    }
}
