/// What a text with `{{variables}}` asks of its recipients, found without rendering it.
///
/// `{{name}}`, `{{{name}}}` and `{{&name}}` put a value in; `{{#name}}…{{/name}}` and `{{^name}}…{{/name}}` show something only where
/// there is, or is not, a value; `{{! … }}` is a remark. Nothing else: a template reaches nothing but its recipient's variables.
package struct Template: Hashable, Sendable {
    /// The variables that every recipient must have.
    package let needed: Set<String>

    /// Why a text is no template, in words for the person who wrote it.
    package struct Invalid: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// Bytes of a variable's name.
    package static let longestName = 64
    /// Levels of sections within one another.
    package static let deepestNesting = 8

    /// - Throws: ``Invalid``.
    package init(_ text: String) throws(Invalid) {
        var needed: Set<String> = []
        var open: [String] = []
        let bytes = text.utf8
        var index = bytes.startIndex
        while let start = Self.find("{{", in: bytes, from: index) {
            let isTriple = bytes[start...].starts(with: "{{{".utf8)
            let inside = bytes.index(start, offsetBy: isTriple ? 3 : 2)
            guard let end = Self.find(isTriple ? "}}}" : "}}", in: bytes, from: inside) else {
                throw Invalid(description: "a {{ is not closed by \(isTriple ? "}}}" : "}}")")
            }
            index = bytes.index(end, offsetBy: isTriple ? 3 : 2)
            var tag = String(decoding: bytes[inside..<end], as: UTF8.self).trimmed
            let sign = isTriple ? nil : tag.first.flatMap { "!#^/&><=$%".contains($0) ? $0 : nil }
            if sign != nil { tag = String(tag.dropFirst()).trimmed }
            if sign == "!" { continue }
            if let sign, "><=$%".contains(sign) {
                throw Invalid(description: "{{\(sign) …}} is not supported; variables are written as {{name}}")
            }
            guard Self.isName(tag) else {
                throw Invalid(description: "\(tag.prefix(80).debugDescription) is no name of a variable: letters, digits, - and _")
            }
            switch sign {
            case "#", "^":
                guard open.count < Self.deepestNesting else {
                    throw Invalid(description: "sections are nested deeper than \(Self.deepestNesting)")
                }
                open.append(tag)
            case "/":
                guard open.popLast() == tag else {
                    throw Invalid(description: "{{/\(tag)}} closes a section that was not opened just before")
                }
            default:
                if !open.contains(tag) { needed.insert(tag) }
            }
        }
        if let left = open.last { throw Invalid(description: "the section {{#\(left)}} is not closed") }
        self.needed = needed
    }

    /// Whether a variable may be called so: letters, digits, hyphens and underscores, at most 64.
    package static func isName(_ text: String) -> Bool {
        (1...longestName).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            }
    }

    private static func find(
        _ sought: StaticString, in bytes: String.UTF8View, from start: String.Index
    ) -> String.Index? {
        let first = sought.utf8Start[0]
        var index = start
        while let hit = bytes[index...].firstIndex(of: first) {
            if bytes[hit...].prefix(sought.utf8CodeUnitCount).count == sought.utf8CodeUnitCount,
                bytes[hit...].starts(with: UnsafeBufferPointer(start: sought.utf8Start, count: sought.utf8CodeUnitCount))
            {
                return hit
            }
            index = bytes.index(after: hit)
        }
        return nil
    }
}

extension String {
    fileprivate var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
