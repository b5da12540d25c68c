/// The text of an HTML letter, for those who read without HTML: paragraphs, lists, links, the words of images.
package enum PlainText {
    /// Readable text with line feeds. What a browser would not show (styles, scripts, comments, what only Outlook reads) is left out.
    package static func derived(from html: String) -> String {
        let bytes = Array(html.utf8)
        var scanner = HTMLScanner(bytes)
        var writer = Writer()
        var end = 0
        var wasConditional = false
        while let tag = scanner.next() {
            if !wasConditional || !tag.isConditional {
                writer.add(visible(bytes[end..<max(end, tag.range.lowerBound)], startsInComment: wasConditional))
            }
            end = tag.range.upperBound
            wasConditional = tag.isConditional
            if !tag.isConditional { writer.take(tag, in: bytes) }
        }
        writer.add(visible(bytes[min(end, bytes.count)...], startsInComment: wasConditional))
        return writer.finished()
    }

    /// What stands between two tags, without comments and declarations, entities decoded.
    private static func visible(_ bytes: ArraySlice<UInt8>, startsInComment: Bool) -> String {
        var rest = bytes
        if startsInComment { rest = after("-->", in: rest) ?? [] }
        var text: [UInt8] = []
        while let open = rest.indices.first(where: { rest[$0] == UInt8(ascii: "<") && rest[$0...].starts(with: "<!".utf8) }) {
            text += rest[..<open]
            let isComment = rest[open...].starts(with: "<!--".utf8)
            rest = after(isComment ? "-->" : ">", in: rest[open...]) ?? []
        }
        return decoded(text + rest)
    }

    private static func after(_ mark: String, in bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        bytes.indices.first { bytes[$0...].starts(with: mark.utf8) }.map { bytes[($0 + mark.utf8.count)...] }
    }

    /// A reference that is not known for certain stays as it is.
    private static func decoded(_ bytes: [UInt8]) -> String {
        var text = ""
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "&") && index > start {
            text += HTMLEntities.decode(bytes[start..<index]) ?? String(decoding: bytes[start..<index], as: UTF8.self)
            start = index
        }
        return text + (HTMLEntities.decode(bytes[start...]) ?? String(decoding: bytes[start...], as: UTF8.self))
    }

    /// Puts words into lines.
    private struct Writer {
        private var text = ""
        /// Line feeds and spaces that are due before the next word.
        private var breaks = 0
        private var space = false
        /// The element whose content is not shown, while inside it.
        private var hidden: String?
        private var link: (target: String, start: String.Index)?
        /// The numbers of the ordered lists that are open; 0 for an unordered one.
        private var lists: [Int] = []

        private static let hiddenElements: Set<String> = [
            "head", "script", "style", "title", "template", "noscript", "select", "textarea",
        ]
        private static let paragraphs: Set<String> = [
            "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "dl", "form",
        ]
        private static let blocks: Set<String> = [
            "div", "tr", "li", "section", "header", "footer", "article", "main", "nav", "aside", "address", "dt", "dd", "figure",
            "figcaption",
        ]

        mutating func add(_ words: String) {
            guard hidden == nil else { return }
            for character in words {
                if character.isWhitespace, character != "\u{A0}" {
                    space = true
                    continue
                }
                // Zero-width characters pad the preview line of many letters.
                guard !["\u{200B}", "\u{200C}", "\u{200D}", "\u{FEFF}", "\u{00AD}", "\u{034F}"].contains(character) else {
                    continue
                }
                flush()
                text.append(character == "\u{A0}" ? " " : character)
            }
        }

        mutating func take(_ tag: HTMLScanner.Tag, in bytes: [UInt8]) {
            if let hidden {
                if tag.isEnd, tag.name == hidden { self.hidden = nil }
                return
            }
            if Self.hiddenElements.contains(tag.name) {
                if !tag.isEnd { hidden = tag.name }
                return
            }
            if Self.paragraphs.contains(tag.name) { need(2) } else if Self.blocks.contains(tag.name) { need(1) }
            switch (tag.name, tag.isEnd) {
            case ("br", false): breaks = min(breaks + 1, 2)
            case ("hr", false):
                need(2)
                flush()
                text += "----"
                need(2)
            case ("ul", false): lists.append(0)
            case ("ol", false): lists.append(1)
            case ("ul", true), ("ol", true): _ = lists.popLast()
            case ("li", false): bullet()
            case ("td", false), ("th", false): space = true
            case ("img", false):
                if let words = value(of: "alt", in: tag, bytes), !words.isEmpty { add(words) }
            case ("a", false):
                // A link ends where the next one begins (WHATWG HTML section 13.2.6.4.7).
                closeLink()
                if let target = value(of: "href", in: tag, bytes) {
                    flush()
                    link = (target, text.endIndex)
                }
            case ("a", true): closeLink()
            default: break
            }
        }

        func finished() -> String { text.isEmpty ? "" : text + "\n" }

        private func value(of name: String, in tag: HTMLScanner.Tag, _ bytes: [UInt8]) -> String? {
            tag.attributes.first { $0.name == name }?.value.flatMap { HTMLEntities.decode(bytes[$0]) }
        }

        private mutating func need(_ count: Int) { breaks = max(breaks, count) }

        private mutating func flush() {
            if !text.isEmpty {
                if breaks > 0 { text += String(repeating: "\n", count: breaks) } else if space, text.last != " " { text += " " }
            }
            breaks = 0
            space = false
        }

        private mutating func bullet() {
            flush()
            guard let number = lists.last, number > 0 else {
                text += "- "
                return
            }
            text += "\(number). "
            lists[lists.count - 1] += 1
        }

        /// Says where the open link leads, unless its words do.
        private mutating func closeLink() {
            guard let (target, start) = link else { return }
            link = nil
            let words = text[start...]
            let shown =
                target.hasPrefix("mailto:") || target.hasPrefix("tel:") ? String(target.drop { $0 != ":" }.dropFirst()) : target
            guard shown.contains(where: { "./@:+0123456789".contains($0) }), !shown.hasPrefix("#"), !words.contains(shown) else {
                return
            }
            text += words.isEmpty ? "<\(shown)>" : " <\(shown)>"
        }
    }
}
