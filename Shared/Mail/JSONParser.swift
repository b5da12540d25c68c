/// Finds where each value of a JSON text begins and ends, and refuses what is no JSON text.
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let deepest: Int
    private var nodes: [JSONDocument.Node] = []
    private var at = 0

    static func parse(_ bytes: [UInt8], deepest: Int) throws(JSONText.Fault) -> [JSONDocument.Node] {
        guard bytes.count < Int32.max, isUTF8(bytes) else { throw .malformed }
        return try bytes.withUnsafeBufferPointer { bytes throws(JSONText.Fault) in
            var parser = JSONParser(bytes, deepest: deepest)
            try parser.parse()
            return parser.nodes
        }
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>, deepest: Int) {
        self.bytes = bytes
        self.deepest = deepest
        nodes.reserveCapacity(bytes.count / 16 + 8)
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

    private mutating func parse() throws(JSONText.Fault) {
        skipSpace()
        try parseValue(JSONDocument.Place(container: -1, index: 0), depth: 0)
        skipSpace()
        guard at == bytes.count else { throw .malformed }
    }

    /// The byte at hand; 0 at the end, which stands nowhere in a JSON text.
    private var peek: UInt8 { at < bytes.count ? bytes[at] : 0 }

    private mutating func skipSpace() {
        while case let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func add(_ kind: JSONDocument.Kind, from start: Int, _ place: JSONDocument.Place) {
        nodes.append(.init(kind: kind, start: UInt32(start), end: UInt32(at), next: Int32(nodes.count + 1), place: place))
    }

    private mutating func parseValue(_ place: JSONDocument.Place, depth: Int) throws(JSONText.Fault) {
        switch peek {
        case UInt8(ascii: "{"): try parseContainer(.object, closing: UInt8(ascii: "}"), place, depth: depth)
        case UInt8(ascii: "["): try parseContainer(.array, closing: UInt8(ascii: "]"), place, depth: depth)
        case UInt8(ascii: "\""): try parseText(place)
        case UInt8(ascii: "t"): try parseWord("true", .yes, place)
        case UInt8(ascii: "f"): try parseWord("false", .no, place)
        case UInt8(ascii: "n"): try parseWord("null", .null, place)
        default: try parseNumber(place)
        }
    }

    private mutating func parseContainer(
        _ kind: JSONDocument.Kind, closing: UInt8, _ place: JSONDocument.Place, depth: Int
    ) throws(JSONText.Fault) {
        guard depth < deepest else { throw .tooDeep }
        let index = nodes.count
        var inside = JSONDocument.Place(container: Int32(index), index: 0)
        add(kind, from: at, place)
        at += 1
        skipSpace()
        if peek == closing {
            at += 1
        } else {
            while true {
                if kind == .object {
                    guard peek == UInt8(ascii: "\"") else { throw .malformed }
                    try parseText(inside)
                    skipSpace()
                    guard peek == UInt8(ascii: ":") else { throw .malformed }
                    at += 1
                    skipSpace()
                }
                try parseValue(inside, depth: depth + 1)
                inside.index += 1
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

    private mutating func parseText(_ place: JSONDocument.Place) throws(JSONText.Fault) {
        at += 1
        let start = at
        var isEscaped = false
        while true {
            at = JSONText.endOfPlain(bytes, from: at)
            if peek == UInt8(ascii: "\"") { break }
            guard peek == UInt8(ascii: "\\") else { throw .malformed }
            isEscaped = true
            at += 1
            try parseEscape()
        }
        add(isEscaped ? .escapedText : .text, from: start, place)
        at += 1
    }

    /// After the backslash.
    private mutating func parseEscape() throws(JSONText.Fault) {
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

    private mutating func parseUnit() throws(JSONText.Fault) -> UInt16 {
        guard let unit = Self.unit(bytes, at: at + 1) else { throw .malformed }
        at += 5
        return unit
    }

    /// Four hexadecimal digits; `nil` where others stand, or the end.
    static func unit(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt16? {
        guard start + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for digit in bytes[start..<(start + 4)] {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return unit
    }

    private mutating func parseWord(
        _ word: StaticString, _ kind: JSONDocument.Kind, _ place: JSONDocument.Place
    ) throws(JSONText.Fault) {
        let start = at
        for index in 0..<word.utf8CodeUnitCount {
            guard peek == word.utf8Start[index] else { throw .malformed }
            at += 1
        }
        add(kind, from: start, place)
    }

    private mutating func parseNumber(_ place: JSONDocument.Place) throws(JSONText.Fault) {
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
        add(.number, from: start, place)
    }

    private mutating func parseDigits() throws(JSONText.Fault) {
        let start = at
        while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(peek) { at += 1 }
        guard at > start else { throw .malformed }
    }
}
