package import Foundation

/// Swift values as JSON text (RFC 8259) and back, for everything that goes over the wire or into a column.
///
/// Each mail is read and written as JSON some thirty times on its way; this takes a fraction of what Foundation's coders do, and a
/// ``JSONValue`` a fraction of that.
package enum JSONText {
    /// Why bytes cannot be read as JSON at all. Where JSON says something wrong the error is a `DecodingError`.
    package enum Fault: Error, Hashable { case malformed, tooDeep }

    /// The most levels that arrays and objects may stand in one another.
    package static let deepestNesting = 64

    /// Compact, in UTF-8; equal values have equal bytes: members of objects are sorted by name, but those of a ``JSONRecord`` stand in
    /// its own order. `Data` is base64 text.
    package static func write(_ value: some Encodable) throws -> Data {
        let box = JSONOutput.Box()
        try JSONWriter(box).write(value)
        return Data(box.output.bytes)
    }

    package static func write(_ value: some JSONValue) throws -> Data {
        var output = JSONOutput()
        try value.write(to: &output)
        return Data(output.bytes)
    }

    /// - Throws: ``Fault``, or `DecodingError` with the place.
    package static func read<Value: Decodable>(_ type: Value.Type, from text: Data) throws -> Value {
        try whole(text).read(type)
    }

    package static func read<Value: JSONValue>(_ type: Value.Type, from text: Data) throws -> Value {
        try Value(json: whole(text))
    }

    /// Reads an array whose elements are kept as text too.
    /// - Returns: Each element and its own text.
    package static func readElements<Value: JSONValue>(_ type: Value.Type, from text: Data) throws -> [(value: Value, text: String)]
    {
        var result: [(Value, String)] = []
        try whole(text).forEachElement { result.append((try Value(json: $0), $0.source)) }
        return result
    }

    private static func whole(_ text: Data) throws(Fault) -> JSONReader {
        JSONReader(try JSONDocument([UInt8](text), deepest: deepestNesting), node: 0)
    }

    /// Where the bytes end that stand in a text as they are: at a quotation mark, a backslash or a control character, or at the end.
    static func endOfPlain(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var at = start
        while at + 8 <= bytes.count {
            let word = UInt64(littleEndian: UnsafeRawBufferPointer(bytes).loadUnaligned(fromByteOffset: at, as: UInt64.self))
            // The lowest high bit that is set marks the first such byte (Hacker's Delight, 6-1).
            let quote = word ^ 0x2222_2222_2222_2222
            let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
            let found =
                ((word &- 0x2020_2020_2020_2020) & ~word | (quote &- 0x0101_0101_0101_0101) & ~quote
                    | (backslash &- 0x0101_0101_0101_0101) & ~backslash) & 0x8080_8080_8080_8080
            guard found == 0 else { return at + found.trailingZeroBitCount / 8 }
            at += 8
        }
        while at < bytes.count, bytes[at] >= 0x20, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\") { at += 1 }
        return at
    }
}
