/// A text with fields that are filled in for each recipient, in the part of mustache that mail needs:
/// `{{name}}`, `{{{name}}}` or `{{&name}}` without escaping, `{{#name}}…{{/name}}` where there is a value, `{{^name}}…{{/name}}`
/// where there is none or it is empty, `{{! a remark}}`.
///
/// Works on bytes: what is not a tag stays as it is, and a value cannot hide a quote behind a combining character, which by
/// `Character` would be another. Nothing recurses; rendering takes time in proportion to the text.
package struct MergeTemplate: Hashable, Sendable {
    private var pieces: [Piece] = []
    private var fields: Set<String> = []
    private var hasSections = false

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
        for piece in pieces {
            switch piece {
            case .field(let name, _): fields.insert(name)
            case .section: hasSections = true
            case .text, .sectionEnd: break
            }
        }
    }

    /// What a recipient is shown: text as it stands, and fields.
    package enum Part: Hashable, Sendable {
        case text(ArraySlice<UInt8>)
        case field(Field)

        /// Adds what the recipient with these values is shown.
        /// - Parameter html: Whether values are escaped for HTML text and quoted attributes.
        package func append(_ values: [String: String], html: Bool, to result: inout [UInt8]) {
            switch self {
            case .text(let bytes): result += bytes
            case .field(let field): field.append(values, html: html, to: &result)
            }
        }
    }

    package struct Field: Hashable, Sendable {
        let name: String
        /// Whether HTML gets the value escaped.
        package let isEscaped: Bool

        /// Adds the recipient's value; nothing where there is none.
        /// - Parameter html: Whether values are escaped for HTML text and quoted attributes.
        package func append(_ values: [String: String], html: Bool, to result: inout [UInt8]) {
            guard let value = values[name] else { return }
            if html && isEscaped { HTMLText.escape(value, into: &result) } else { result += value.utf8 }
        }
    }

    /// What a recipient with these values is shown.
    package func parts(for values: [String: String]) -> [Part] {
        var parts: [Part] = []
        walk(values) { piece in
            switch piece {
            case .text(let bytes): parts.append(.text(bytes))
            case .field(let name, let isEscaped): parts.append(.field(Field(name: name, isEscaped: isEscaped)))
            case .section, .sectionEnd: break
            }
        }
        return parts
    }

    /// Which sections a recipient with these values is shown: where this is the same, ``parts(for:)`` is.
    package func sections(for values: [String: String]) -> [Bool] {
        guard hasSections else { return [] }
        var shown: [Bool] = []
        walk(values) { piece in
            if case .section(let name, let whenFilled, _) = piece { shown.append(Self.isShown(name, whenFilled, values)) }
        }
        return shown
    }

    /// The text for one recipient. A field without a value is empty.
    /// - Parameter html: Whether values are escaped for HTML text and quoted attributes.
    package func render(_ values: [String: String], html: Bool) -> String {
        var result: [UInt8] = []
        for part in parts(for: values) { part.append(values, html: html, to: &result) }
        return String(decoding: result, as: UTF8.self)
    }

    /// Visits the pieces, without those of sections that are not shown.
    private func walk(_ values: [String: String], _ visit: (Piece) -> Void) {
        var index = 0
        while index < pieces.count {
            visit(pieces[index])
            if case .section(let name, let whenFilled, let end) = pieces[index], !Self.isShown(name, whenFilled, values) {
                index = end
            }
            index += 1
        }
    }

    private static func isShown(_ name: String, _ whenFilled: Bool, _ values: [String: String]) -> Bool {
        (values[name]?.isEmpty == false) == whenFilled
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
        // Mostly every field has a value, shown or not.
        guard fields.contains(where: { values[$0] == nil }) else { return [] }
        var missing: Set<String> = []
        walk(values) { piece in
            if case .field(let name, _) = piece, values[name] == nil { missing.insert(name) }
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
