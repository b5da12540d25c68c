/// Finds the tags of an HTML text in order, as a browser's tokenizer would (WHATWG HTML section 13.2.5), and changes nothing.
///
/// Comments, CDATA, declarations and the raw text of `script`, `style`, `textarea`, `title` and their like hold no tags. The
/// inside of Outlook's conditional comments (`<!--[if mso]> … <![endif]-->`) does: Outlook shows it. Broken HTML never traps;
/// a tag that the text ends in the middle of is no tag.
package struct HTMLScanner {
    package let bytes: [UInt8]
    private var position = 0
    /// Where the text that is being read ends: the whole, or the inside of a conditional comment.
    private var end: Int
    /// Where reading goes on after a conditional comment.
    private var resumption: Int?
    /// The `end` up to which a `]]>` was looked for in vain, so that it is looked for once.
    private var endWithoutCDATA: Int?
    /// Where the element begins whose raw text ends at the next tag.
    private var rawText: Int?
    /// Where a tag, a comment or raw text begins that the text ends in the middle of; whatever is appended would become part of it.
    package private(set) var unfinished: Int?

    package struct Tag {
        /// In lower case.
        package let name: String
        package let isEnd: Bool
        /// Stands in a conditional comment, which only Outlook reads.
        package let isConditional: Bool
        /// From `<` to after `>`.
        package let range: Range<Int>
        package let attributes: [Attribute]
    }

    package struct Attribute {
        /// In lower case.
        package let name: String
        /// The value's bytes without quotes; `nil` where there is no value.
        package let value: Range<Int>?
    }

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        end = bytes.count
    }

    /// The next tag, or `nil` at the end.
    package mutating func next() -> Tag? {
        while true {
            guard position < end else {
                guard let resumption else { return nil }
                position = resumption
                end = bytes.count
                self.resumption = nil
                continue
            }
            guard let open = find(UInt8(ascii: "<"), from: position) else {
                position = end
                continue
            }
            position = open + 1
            guard position < end else { continue }
            switch bytes[position] {
            case UInt8(ascii: "!"): skipDeclaration(from: open)
            case UInt8(ascii: "?"): skip(past: ">", from: open)
            case UInt8(ascii: "/"):
                guard position + 1 < end else {
                    noteUnfinished(from: open)
                    continue
                }
                if Self.isLetter(bytes[position + 1]) {
                    position += 1
                    if let tag = readTag(from: open, isEnd: true) { return tag }
                } else {
                    skip(past: ">", from: open)
                }
            case let byte where Self.isLetter(byte):
                if let tag = readTag(from: open, isEnd: false) {
                    if Self.rawTextElements.contains(tag.name) { skipRawText(of: tag.name, from: open) }
                    return tag
                }
            default: continue
            }
        }
    }

    /// Elements whose content is text, whatever it looks like.
    private static let rawTextElements: Set<String> = [
        "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "plaintext",
    ]

    // MARK: - What holds no tags

    private mutating func skipDeclaration(from open: Int) {
        if matches("<!--", at: open) {
            skipComment(from: open)
        } else if matches("<![cdata[", at: open), let close = endOfCDATA(from: open) {
            position = close + 3
        } else {
            skip(past: ">", from: open)
        }
    }

    private mutating func endOfCDATA(from open: Int) -> Int? {
        guard endWithoutCDATA != end else { return nil }
        let close = find("]]>", from: open)
        if close == nil { endWithoutCDATA = end }
        return close
    }

    private mutating func skipComment(from open: Int) {
        let start = open + 4
        if matches(">", at: start) {
            position = start + 1
            return
        }
        if matches("->", at: start) {
            position = start + 2
            return
        }
        let (contentEnd, after) = commentEnd(from: start)
        if resumption == nil, after != nil, isCondition(at: start, before: contentEnd),
            let inside = find("]>", from: start, to: contentEnd)
        {
            position = inside + 2
            resumption = after
            end = contentEnd
        } else {
            position = after ?? end
            if after == nil { noteUnfinished(from: open) }
        }
    }

    private mutating func noteUnfinished(from open: Int) {
        // What is unfinished inside a conditional comment ends with that.
        if resumption == nil { unfinished = open }
    }

    /// Where a comment's text ends and where reading goes on; the latter is `nil` where it never closes.
    private func commentEnd(from start: Int) -> (content: Int, after: Int?) {
        var from = start
        while let dashes = find("--", from: from) {
            if matches(">", at: dashes + 2) { return (dashes, dashes + 3) }
            if matches("!>", at: dashes + 2) { return (dashes, dashes + 4) }
            from = dashes + 1
        }
        return (end, nil)
    }

    private func isCondition(at start: Int, before limit: Int) -> Bool {
        var index = start
        while index < limit, Self.isSpace(bytes[index]) { index += 1 }
        return matches("[if", at: index)
    }

    private mutating func skipRawText(of name: String, from open: Int) {
        guard name != "plaintext" else {
            position = end
            noteUnfinished(from: open)
            return
        }
        var from = position
        while let close = find("</", from: from) {
            let after = close + 2 + name.utf8.count
            if matches(name, at: close + 2), after >= end || Self.isSpace(bytes[after]) || "/>".utf8.contains(bytes[after]) {
                position = close
                rawText = open
                return
            }
            from = close + 2
        }
        position = end
        noteUnfinished(from: open)
    }

    private mutating func skip(past text: StaticString, from start: Int) {
        let found = find(text, from: start)
        position = found.map { $0 + text.utf8CodeUnitCount } ?? end
        if found == nil { noteUnfinished(from: start) }
    }

    // MARK: - Tags

    /// Reads from the tag's name on; `nil` where the text ends inside it.
    private mutating func readTag(from open: Int, isEnd: Bool) -> Tag? {
        let tag = finishedTag(from: open, isEnd: isEnd)
        // Raw text goes on where its end tag is unfinished.
        if tag == nil { noteUnfinished(from: rawText ?? open) }
        rawText = nil
        return tag
    }

    private mutating func finishedTag(from open: Int, isEnd: Bool) -> Tag? {
        let nameStart = position
        while position < end, !Self.isSpace(bytes[position]), !"/>".utf8.contains(bytes[position]) { position += 1 }
        let name = lowered(nameStart..<position)
        var attributes: [Attribute] = []
        while true {
            while position < end, Self.isSpace(bytes[position]) || bytes[position] == UInt8(ascii: "/") { position += 1 }
            guard position < end else { return nil }
            if bytes[position] == UInt8(ascii: ">") {
                position += 1
                return Tag(
                    name: name, isEnd: isEnd, isConditional: resumption != nil, range: open..<position, attributes: attributes)
            }
            guard let attribute = readAttribute() else { return nil }
            // No honest tag has more; each is compared with all before it.
            guard attributes.count < 256, !attributes.contains(where: { $0.name == attribute.name }) else { continue }
            attributes.append(attribute)
        }
    }

    private mutating func readAttribute() -> Attribute? {
        let nameStart = position
        position += 1
        while position < end, !Self.isSpace(bytes[position]), !"/>=".utf8.contains(bytes[position]) { position += 1 }
        let name = lowered(nameStart..<position)
        var ahead = position
        while ahead < end, Self.isSpace(bytes[ahead]) { ahead += 1 }
        guard ahead < end, bytes[ahead] == UInt8(ascii: "=") else { return Attribute(name: name, value: nil) }
        position = ahead + 1
        while position < end, Self.isSpace(bytes[position]) { position += 1 }
        guard position < end else { return nil }
        let first = bytes[position]
        if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
            guard let close = find(first, from: position + 1) else {
                position = end
                return nil
            }
            defer { position = close + 1 }
            return Attribute(name: name, value: position + 1..<close)
        }
        let valueStart = position
        while position < end, !Self.isSpace(bytes[position]), bytes[position] != UInt8(ascii: ">") { position += 1 }
        return Attribute(name: name, value: valueStart..<position)
    }

    // MARK: - Bytes

    private func lowered(_ range: Range<Int>) -> String {
        String(decoding: bytes[range].lazy.map(Self.lower), as: UTF8.self)
    }

    private func find(_ byte: UInt8, from start: Int, to limit: Int? = nil) -> Int? {
        let limit = limit ?? end
        guard start < limit else { return nil }
        return bytes[start..<limit].firstIndex(of: byte)
    }

    /// `text` in lower case, all of it before `limit`; case in the HTML does not matter.
    private func find(_ text: StaticString, from start: Int, to limit: Int? = nil) -> Int? {
        let limit = limit ?? end
        var from = start
        while let index = find(text.utf8Start.pointee, from: from, to: limit), index + text.utf8CodeUnitCount <= limit {
            if matches(text, at: index) { return index }
            from = index + 1
        }
        return nil
    }

    private func matches(_ text: StaticString, at index: Int) -> Bool {
        matches(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), at: index)
    }

    private func matches(_ text: String, at index: Int) -> Bool { matches(Array(text.utf8), at: index) }

    private func matches(_ text: some Collection<UInt8>, at index: Int) -> Bool {
        guard index >= 0, index + text.count <= end else { return false }
        return zip(bytes[index..<index + text.count], text).allSatisfy { Self.lower($0) == $1 }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lower(byte))
    }

    /// Tab, line feed, form feed, carriage return, space.
    package static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0C || byte == 0x0D
    }
}
