/// A text with fields that are filled in for each recipient, in the part of mustache that mail needs:
/// `{{name}}`, `{{{name}}}` or `{{&name}}` without escaping, `{{#name}}…{{/name}}` where there is a value, `{{^name}}…{{/name}}`
/// where there is none or it is empty, `{{! a remark}}`.
///
/// Works on bytes: what is not a tag stays as it is, and a value cannot hide a quote behind a combining character, which by
/// `Character` would be another. Nothing recurses; rendering takes time in proportion to the text.
package struct MergeTemplate: Hashable, Sendable {
    private var pieces: [Piece] = []

    private enum Piece: Hashable, Sendable {
        case text(ArraySlice<UInt8>)
        case field(String, isEscaped: Bool)
        /// Where the section is not shown, rendering goes on after the piece `end`.
        case section(String, whenFilled: Bool, end: Int)
        case sectionEnd
    }

    /// What is wrong with a template, in a sentence for whoever wrote it.
    package struct Malformed: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// - Throws: ``Malformed``.
    package init(_ text: String) throws(Malformed) {
        let bytes = Array(text.utf8)
        var open: [(piece: Int, name: String)] = []
        var textStart = 0
        var index = 0
        while let start = Self.find("{{", in: bytes, from: index) {
            let isTriple = start + 2 < bytes.count && bytes[start + 2] == UInt8(ascii: "{")
            let nameStart = start + (isTriple ? 3 : 2)
            guard let close = Self.find(isTriple ? "}}}" : "}}", in: bytes, from: nameStart) else { break }
            index = close + (isTriple ? 3 : 2)
            guard let tag = Self.trimmed(bytes[nameStart..<close]) else { continue }
            if textStart < start { pieces.append(.text(bytes[textStart..<start])) }
            textStart = index
            let sigil = isTriple ? nil : tag.utf8.first
            let rest = Self.trimmed(Array(tag.utf8.dropFirst())[...]) ?? ""
            switch sigil {
            case UInt8(ascii: "!"): break
            case UInt8(ascii: "&"): pieces.append(.field(rest, isEscaped: false))
            case UInt8(ascii: "#"), UInt8(ascii: "^"):
                open.append((pieces.count, rest))
                pieces.append(.section(rest, whenFilled: sigil == UInt8(ascii: "#"), end: 0))
            case UInt8(ascii: "/"):
                guard let section = open.popLast(), section.name == rest,
                    case .section(_, let whenFilled, _) = pieces[section.piece]
                else { throw Malformed(description: "{{/\(rest)}} closes a section that is not open here") }
                pieces[section.piece] = .section(rest, whenFilled: whenFilled, end: pieces.count)
                pieces.append(.sectionEnd)
            case UInt8(ascii: ">"), UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: "$"):
                throw Malformed(description: "{{\(tag)}} is a kind of tag that cannot be used in mail")
            default: pieces.append(.field(tag, isEscaped: !isTriple))
            }
        }
        if textStart < bytes.count { pieces.append(.text(bytes[textStart...])) }
        if let section = open.last { throw Malformed(description: "{{#\(section.name)}} is never closed") }
    }

    /// The text for one recipient. A field without a value is empty.
    /// - Parameter html: Whether values are escaped for HTML text and quoted attributes.
    package func render(_ values: [String: String], html: Bool) -> String {
        var result: [UInt8] = []
        var index = 0
        while index < pieces.count {
            switch pieces[index] {
            case .text(let bytes): result += bytes
            case .field(let name, let isEscaped):
                guard let value = values[name] else { break }
                if html && isEscaped { HTMLText.escape(value, into: &result) } else { result += value.utf8 }
            case .section(let name, let whenFilled, let end):
                if (values[name]?.isEmpty == false) != whenFilled { index = end }
            case .sectionEnd: break
            }
            index += 1
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The fields and sections by name, shown or not.
    package var names: Set<String> {
        Set(
            pieces.compactMap { piece in
                switch piece {
                case .field(let name, _), .section(let name, _, _): name
                case .text, .sectionEnd: nil
                }
            })
    }

    /// The fields that would be shown to a recipient with these values and have none.
    package func missing(in values: [String: String]) -> Set<String> {
        var missing: Set<String> = []
        var index = 0
        while index < pieces.count {
            switch pieces[index] {
            case .field(let name, _) where values[name] == nil: missing.insert(name)
            case .section(let name, let whenFilled, let end) where (values[name]?.isEmpty == false) != whenFilled: index = end
            case .text, .field, .section, .sectionEnd: break
            }
            index += 1
        }
        return missing
    }

    /// Without spaces at either end; `nil` where nothing is left.
    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String? {
        let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let inner = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        return inner.isEmpty ? nil : String(decoding: inner, as: UTF8.self)
    }

    private static func find(_ text: String, in bytes: [UInt8], from start: Int) -> Int? {
        let wanted = Array(text.utf8)
        guard let first = wanted.first, bytes.count >= wanted.count else { return nil }
        var index = start
        while index <= bytes.count - wanted.count {
            guard let found = bytes[index...(bytes.count - wanted.count)].firstIndex(of: first) else { return nil }
            if bytes[found..<found + wanted.count].elementsEqual(wanted) { return found }
            index = found + 1
        }
        return nil
    }
}
