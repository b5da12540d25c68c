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
        try check()
        _ = GMime.started
        guard let message = g_mime_message_new(1) else { throw .serializer("out of memory") }
        defer { GMime.release(message) }
        let object = GMime.cast(message, to: GMimeObject.self)
        for (name, mailboxes) in [("From", [from]), ("Reply-To", replyTo.map { [$0] } ?? []), ("To", to), ("Cc", cc)]
        where !mailboxes.isEmpty {
            HeaderValue.append(name, HeaderValue.mailboxes(mailboxes, after: name), to: object)
        }
        HeaderValue.append("Subject", HeaderValue.unstructured(subject, after: "Subject"), to: object)
        let moment = g_date_time_new_from_unix_utc(Int(date.seconds))
        g_mime_message_set_date(message, moment)
        g_date_time_unref(moment)
        g_mime_message_set_message_id(message, messageID)
        for header in headers {
            HeaderValue.append(header.name, HeaderValue.unstructured(header.value, after: header.name), to: object)
        }
        g_mime_object_set_header(object, "MIME-Version", "1.0", "utf-8")

        let body = try makeBody()
        g_mime_message_set_mime_part(message, body)
        GMime.release(body)
        return try write(object)
    }

    // MARK: - Parts

    private typealias Part = UnsafeMutablePointer<GMimeObject>

    private func makeBody() throws(LetterError) -> Part {
        var body = try makeAlternatives()
        let attached = attachments.filter { html == nil || $0.contentID == nil }
        if !attached.isEmpty { body = try multipart("mixed", first: body, then: attached) }
        return body
    }

    private func makeAlternatives() throws(LetterError) -> Part {
        let inline = attachments.filter { $0.contentID != nil }
        guard let html else { return try makeText(text ?? "", subtype: "plain") }
        var page = try makeText(html, subtype: "html")
        if !inline.isEmpty { page = try multipart("related", first: page, then: inline) }
        guard let text else { return page }
        let both = try newMultipart("alternative")
        let plain = try makeText(text, subtype: "plain")
        for part in [plain, page] {
            g_mime_multipart_add(both, part)
            GMime.release(part)
        }
        return GMime.cast(both, to: GMimeObject.self)
    }

    private func multipart(_ subtype: String, first: Part, then attachments: [Attachment]) throws(LetterError) -> Part {
        let whole = try newMultipart(subtype)
        g_mime_multipart_add(whole, first)
        GMime.release(first)
        for attachment in attachments {
            let part = try makePart(attachment)
            g_mime_multipart_add(whole, part)
            GMime.release(part)
        }
        return GMime.cast(whole, to: GMimeObject.self)
    }

    /// The boundary follows from the Message-ID, which nobody knows when the content is written. `=_` stands in no encoded part.
    private func newMultipart(_ subtype: String) throws(LetterError) -> UnsafeMutablePointer<GMimeMultipart> {
        guard let whole = g_mime_multipart_new_with_subtype(subtype) else { throw .serializer("out of memory") }
        let digits = ContentHash(of: Data("\(subtype) \(messageID)".utf8)).description.prefix(32)
        g_mime_multipart_set_boundary(whole, "=_\(subtype)_\(digits)")
        return whole
    }

    private func makeText(_ text: String, subtype: String) throws(LetterError) -> Part {
        guard let part = g_mime_text_part_new_with_subtype(subtype) else { throw .serializer("out of memory") }
        g_mime_text_part_set_charset(part, "utf-8")
        let bytes = Self.lines(of: text)
        setContent(of: GMime.cast(part, to: GMimePart.self), to: bytes)
        g_mime_part_set_content_encoding(GMime.cast(part, to: GMimePart.self), Self.encoding(of: bytes))
        return GMime.cast(part, to: GMimeObject.self)
    }

    /// With line feeds only: the serializer makes CRLF of them, and a lone CR must not reach the wire.
    private static func lines(of text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var wasReturn = false
        for byte in text.utf8 {
            let isReturn = byte == UInt8(ascii: "\r")
            if isReturn || !(wasReturn && byte == UInt8(ascii: "\n")) { bytes.append(isReturn ? UInt8(ascii: "\n") : byte) }
            wasReturn = isReturn
        }
        return bytes
    }

    /// 7bit for short ASCII lines, base64 where most is not ASCII, quoted-printable between (RFC 2045 section 6).
    private static func encoding(of bytes: [UInt8]) -> GMimeContentEncoding {
        var beyond = 0
        var line = 0
        var longest = 0
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                longest = max(longest, line)
                line = 0
            } else {
                line += 1
            }
            if byte >= 0x80 || byte == 0 { beyond += 1 }
        }
        longest = max(longest, line)
        if beyond == 0, longest <= 900 { return GMIME_CONTENT_ENCODING_7BIT }
        return beyond * 6 > bytes.count ? GMIME_CONTENT_ENCODING_BASE64 : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE
    }

    private func makePart(_ attachment: Attachment) throws(LetterError) -> Part {
        let type = attachment.type.split(separator: "/", maxSplits: 1).map(String.init)
        guard type.count == 2, let part = g_mime_part_new_with_type(type[0], type[1]) else {
            throw .unfitAttachment(name: attachment.name, reason: "its type \(attachment.type.debugDescription) is no media type")
        }
        let object = GMime.cast(part, to: GMimeObject.self)
        setContent(of: part, to: attachment.bytes)
        g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64)
        g_mime_object_set_disposition(object, attachment.contentID == nil ? "attachment" : "inline")
        g_mime_part_set_filename(part, attachment.name)
        if let id = attachment.contentID { g_mime_object_set_content_id(object, id) }
        return object
    }

    private func setContent(of part: UnsafeMutablePointer<GMimePart>, to bytes: [UInt8]) {
        let stream = bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { g_mime_stream_mem_new_with_buffer($0.baseAddress, $0.count) }
        }
        let wrapper = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT)
        g_mime_part_set_content(part, wrapper)
        GMime.release(wrapper)
        GMime.release(stream)
    }

    // MARK: - Bytes

    private func write(_ object: Part) throws(LetterError) -> [UInt8] {
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
        let bytes = GMime.bytes(of: stream)
        return bytes.suffix(2) == [0x0D, 0x0A] ? bytes : bytes + [0x0D, 0x0A]
    }

    // MARK: - Checks

    /// Nothing that could end a header field may come near the serializer.
    private func check() throws(LetterError) {
        try check("Subject", subject)
        try check("Message-ID", messageID)
        guard !messageID.contains(where: { "<> ".contains($0) }) else {
            throw .unfitHeader(name: "Message-ID", reason: "it has an angle bracket or a space")
        }
        for (field, mailboxes) in [("From", [from]), ("Reply-To", replyTo.map { [$0] } ?? []), ("To", to), ("Cc", cc)] {
            for mailbox in mailboxes {
                try check(field, mailbox.address.description)
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
