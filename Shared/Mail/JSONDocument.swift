import Foundation

/// A JSON text (RFC 8259) that was checked once and is read in place: where each value begins and ends, in order of appearance.
///
/// Foundation's parser makes objects of everything first, at several times the cost, and does not say where a bad number stands.
final class JSONDocument {
    enum Kind: UInt8 { case object, array, text, escapedText, number, yes, no, null }

    /// A value: an object's members are a name and a value each, in turn.
    struct Node {
        let kind: Kind
        /// In bytes; of a text without its quotes.
        let start: UInt32
        var end: UInt32
        /// The node after this one and all that is within it.
        var next: Int32
    }

    /// Why bytes are no JSON text that is read here.
    enum Fault: Error { case malformed, tooDeep }

    let bytes: [UInt8]
    private(set) var nodes: [Node] = []
    /// Where the reader is, for its errors.
    var path: [any CodingKey] = []
    private let deepest: Int
    private var at = 0

    /// - Parameter deepest: The most levels that arrays and objects may stand in one another.
    init(_ bytes: [UInt8], deepest: Int) throws(Fault) {
        self.bytes = bytes
        self.deepest = deepest
        guard bytes.count < Int32.max, Self.isUTF8(bytes) else { throw .malformed }
        nodes.reserveCapacity(bytes.count / 16 + 8)
        skipSpace()
        try parseValue(depth: 0)
        skipSpace()
        guard at == bytes.count else { throw .malformed }
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        isASCII(bytes) || String(validating: bytes, as: UTF8.self) != nil
    }

    private static func isASCII(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            let words = bytes.count / 8
            var seen: UInt64 = 0
            for word in 0..<words { seen |= bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self) }
            for index in (words * 8)..<bytes.count { seen |= UInt64(bytes[index]) }
            return seen & 0x8080_8080_8080_8080 == 0
        }
    }

    // MARK: - Parsing

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private func add(_ kind: Kind, from start: Int) {
        nodes.append(Node(kind: kind, start: UInt32(start), end: UInt32(at), next: Int32(nodes.count + 1)))
    }

    private func parseValue(depth: Int) throws(Fault) {
        switch peek {
        case UInt8(ascii: "{"): try parseContainer(.object, closing: UInt8(ascii: "}"), depth: depth)
        case UInt8(ascii: "["): try parseContainer(.array, closing: UInt8(ascii: "]"), depth: depth)
        case UInt8(ascii: "\""): try parseText()
        case UInt8(ascii: "t"): try parseWord("true", .yes)
        case UInt8(ascii: "f"): try parseWord("false", .no)
        case UInt8(ascii: "n"): try parseWord("null", .null)
        default: try parseNumber()
        }
    }

    private func parseContainer(_ kind: Kind, closing: UInt8, depth: Int) throws(Fault) {
        guard depth < deepest else { throw .tooDeep }
        let index = nodes.count
        add(kind, from: at)
        at += 1
        skipSpace()
        if peek == closing {
            at += 1
        } else {
            while true {
                if kind == .object {
                    guard peek == UInt8(ascii: "\"") else { throw .malformed }
                    try parseText()
                    skipSpace()
                    guard peek == UInt8(ascii: ":") else { throw .malformed }
                    at += 1
                    skipSpace()
                }
                try parseValue(depth: depth + 1)
                skipSpace()
                let byte = peek
                at += 1
                if byte == closing { break }
                guard byte == UInt8(ascii: ",") else { throw .malformed }
                skipSpace()
            }
        }
        nodes[index].end = UInt32(at)
        nodes[index].next = Int32(nodes.count)
    }

    private func parseText() throws(Fault) {
        at += 1
        let start = at
        var isEscaped = false
        while let byte = peek, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw .malformed }
            if byte == UInt8(ascii: "\\") {
                isEscaped = true
                at += 1
                try parseEscape()
            } else {
                at += 1
            }
        }
        guard at < bytes.count else { throw .malformed }
        add(isEscaped ? .escapedText : .text, from: start)
        at += 1
    }

    /// After the backslash.
    private func parseEscape() throws(Fault) {
        switch peek {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            at += 1
        case UInt8(ascii: "u"):
            let first = try parseUnit()
            guard first & 0xFC00 != 0xDC00 else { throw .malformed }
            guard first & 0xFC00 == 0xD800 else { return }
            // Half of a character above U+FFFF: the other half has to follow.
            guard peek == UInt8(ascii: "\\") else { throw .malformed }
            at += 1
            guard peek == UInt8(ascii: "u"), try parseUnit() & 0xFC00 == 0xDC00 else { throw .malformed }
        default: throw .malformed
        }
    }

    private func parseUnit() throws(Fault) -> UInt16 {
        guard at + 5 <= bytes.count, let unit = Self.unit(bytes[(at + 1)..<(at + 5)]) else { throw .malformed }
        at += 5
        return unit
    }

    private static func unit(_ digits: ArraySlice<UInt8>) -> UInt16? {
        var unit: UInt16 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return unit
    }

    private func parseWord(_ word: StaticString, _ kind: Kind) throws(Fault) {
        let start = at
        for index in 0..<word.utf8CodeUnitCount {
            guard peek == word.utf8Start[index] else { throw .malformed }
            at += 1
        }
        add(kind, from: start)
    }

    private func parseNumber() throws(Fault) {
        let start = at
        if peek == UInt8(ascii: "-") { at += 1 }
        if peek == UInt8(ascii: "0") { at += 1 } else { try parseDigits() }
        if peek == UInt8(ascii: ".") {
            at += 1
            try parseDigits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            at += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { at += 1 }
            try parseDigits()
        }
        add(.number, from: start)
    }

    private func parseDigits() throws(Fault) {
        let start = at
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
        guard at > start else { throw .malformed }
    }

    // MARK: - Reading

    func slice(_ node: Node) -> ArraySlice<UInt8> { bytes[Int(node.start)..<Int(node.end)] }

    func text(_ node: Node) -> String {
        node.kind == .escapedText ? unescaped(slice(node)) : String(decoding: slice(node), as: UTF8.self)
    }

    /// Only for what ``parseText()`` has let through.
    private func unescaped(_ slice: ArraySlice<UInt8>) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(slice.count)
        var units: [UInt16] = []
        var at = slice.startIndex
        while at < slice.endIndex {
            guard slice[at] == UInt8(ascii: "\\") else {
                result.append(slice[at])
                at += 1
                continue
            }
            let letter = slice[at + 1]
            at += 2
            switch letter {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                units.append(Self.unit(slice[at..<(at + 4)]) ?? 0xFFFD)
                at += 4
                if units[0] & 0xFC00 == 0xD800, units.count == 1 { continue }
                result += String(decoding: units, as: UTF16.self).utf8
                units.removeAll(keepingCapacity: true)
            default: result.append(letter)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The name of a member is what it should be.
    func isName(_ node: Node, _ name: String) -> Bool {
        guard node.kind == .text else { return text(node) == name }
        let length = Int(node.end - node.start)
        guard length == name.utf8.count else { return false }
        return bytes.withUnsafeBytes { bytes in
            let same = name.utf8.withContiguousStorageIfAvailable { name in
                zip(name, bytes[Int(node.start)...]).allSatisfy { $0 == $1 }
            }
            return same ?? (text(node) == name)
        }
    }
}
