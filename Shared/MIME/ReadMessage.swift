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

    /// A message over this many bytes is refused.
    package static let largest = 64 << 20
    /// Parts beyond these are left out.
    private static let deepest = 32
    private static let mostParts = 500

    /// The message has more bytes than ``largest``.
    package struct TooLarge: Error, CustomStringConvertible {
        package let bytes: Int
        package var description: String { "The message has \(bytes) bytes; the most that is read is \(ReadMessage.largest)." }
    }

    /// Reads a message, whatever it is: nothing is refused but what is too large, and what cannot be read is left out.
    /// - Throws: ``TooLarge``.
    package init(_ bytes: [UInt8]) throws {
        guard bytes.count <= Self.largest else { throw TooLarge(bytes: bytes.count) }
        _ = GMime.started
        let stream = bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { g_mime_stream_mem_new_with_buffer($0.baseAddress, $0.count) }
        }
        defer { GMime.release(stream) }
        guard let parser = g_mime_parser_new_with_stream(stream) else { return }
        defer { GMime.release(parser) }
        guard let message = g_mime_parser_construct_message(parser, nil) else { return }
        defer { GMime.release(message) }

        readHeaders(GMime.cast(message, to: GMimeObject.self))
        from = Self.addresses(g_mime_message_get_from(message))
        to = Self.addresses(g_mime_message_get_to(message))
        subject = g_mime_message_get_subject(message).map { String(cString: $0) } ?? ""
        var parts = 0
        if let body = g_mime_message_get_mime_part(message) { read(body, depth: 0, parts: &parts) }
    }

    private mutating func readHeaders(_ object: UnsafeMutablePointer<GMimeObject>) {
        guard let list = g_mime_object_get_header_list(object) else { return }
        for index in 0..<min(g_mime_header_list_get_count(list), 1000) {
            guard let header = g_mime_header_list_get_header_at(list, index), let name = g_mime_header_get_name(header) else {
                continue
            }
            let value = g_mime_header_get_value(header).map { String(cString: $0) } ?? ""
            headers.append(Letter.Header(name: String(cString: name), value: value))
        }
    }

    private static func addresses(_ list: UnsafeMutablePointer<InternetAddressList>?) -> [Address] {
        guard let list else { return [] }
        return (0..<min(internet_address_list_length(list), 1000)).compactMap { index in
            guard let entry = internet_address_list_get_address(list, index), cgmime_is_mailbox(entry) != 0,
                let address = internet_address_mailbox_get_addr(GMime.cast(entry, to: InternetAddressMailbox.self))
            else { return nil }
            let name = internet_address_get_name(entry).map { Self.unfolded(String(cString: $0)) }
            return Address(name: name, address: String(cString: address))
        }
    }

    /// A quoted name keeps the line ends at which it was folded (RFC 5322 section 2.2.3).
    private static func unfolded(_ name: String) -> String {
        name.replacing("\r\n", with: "").replacing("\n", with: "").replacing("\t", with: " ")
    }

    private mutating func read(_ object: UnsafeMutablePointer<GMimeObject>, depth: Int, parts: inout Int) {
        parts += 1
        guard depth < Self.deepest, parts <= Self.mostParts else { return }
        if cgmime_is_multipart(object) != 0 {
            let whole = GMime.cast(object, to: GMimeMultipart.self)
            for index in 0..<max(0, g_mime_multipart_get_count(whole)) {
                if let part = g_mime_multipart_get_part(whole, index) { read(part, depth: depth + 1, parts: &parts) }
            }
        } else if cgmime_is_part(object) != 0 {
            readPart(object)
        } else if cgmime_is_message_part(object) != 0 {
            readMessage(GMime.cast(object, to: GMimeMessagePart.self))
        }
    }

    /// A message inside the message is kept as it is: what it says is not what this one says.
    private mutating func readMessage(_ part: UnsafeMutablePointer<GMimeMessagePart>) {
        guard let message = g_mime_message_part_get_message(part), let stream = g_mime_stream_mem_new() else { return }
        defer { GMime.release(stream) }
        guard g_mime_object_write_to_stream(GMime.cast(message, to: GMimeObject.self), nil, stream) >= 0 else { return }
        attachments.append(Letter.Attachment(name: "", type: "message/rfc822", bytes: GMime.bytes(of: stream)))
    }

    private mutating func readPart(_ object: UnsafeMutablePointer<GMimeObject>) {
        let part = GMime.cast(object, to: GMimePart.self)
        let type = GMime.take(g_mime_content_type_get_mime_type(g_mime_object_get_content_type(object)))?.lowercased() ?? ""
        if g_mime_part_is_attachment(part) == 0, cgmime_is_text_part(object) != 0 {
            let words = GMime.take(g_mime_text_part_get_text(GMime.cast(object, to: GMimeTextPart.self))) ?? ""
            if type == "text/html", html == nil {
                html = words
                return
            }
            if type == "text/plain", text == nil {
                text = words
                return
            }
        }
        attachments.append(
            Letter.Attachment(
                name: g_mime_part_get_filename(part).map { String(cString: $0) } ?? "", type: type, bytes: Self.content(of: part),
                contentID: g_mime_object_get_content_id(object).map { String(cString: $0) }))
    }

    private static func content(of part: UnsafeMutablePointer<GMimePart>) -> [UInt8] {
        guard let wrapper = g_mime_part_get_content(part), let stream = g_mime_stream_mem_new() else { return [] }
        defer { GMime.release(stream) }
        guard g_mime_data_wrapper_write_to_stream(wrapper, stream) >= 0 else { return [] }
        return GMime.bytes(of: stream)
    }
}
