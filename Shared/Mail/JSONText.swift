package import Foundation

/// Swift values as JSON text (RFC 8259) and back, for everything that goes over the wire or into a column.
///
/// Each mail is read and written as JSON some thirty times on its way; this takes a fraction of what Foundation's coders do.
package enum JSONText {
    /// Why bytes cannot be read as JSON at all. Where JSON says something wrong the error is a `DecodingError`.
    package enum Fault: Error, Hashable { case malformed, tooDeep }

    /// The most levels that arrays and objects may stand in one another.
    package static let deepestNesting = 64

    /// Compact, in UTF-8, with the members of objects sorted by name, so that equal values have equal bytes. `Data` is base64 text.
    package static func write(_ value: some Encodable) throws -> Data {
        let output = JSONWriter.Output()
        let writer = JSONWriter(output)
        try writer.write(value)
        return Data(output.bytes)
    }

    /// - Throws: ``Fault``, or `DecodingError` with the place.
    package static func read<Value: Decodable>(_ type: Value.Type, from text: Data) throws -> Value {
        try JSONReader(Self.parse([UInt8](text)), node: 0).read(type)
    }

    /// Reads an array whose elements are kept as text too.
    /// - Returns: Each element and its own text.
    package static func readElements<Value: Decodable>(_ type: Value.Type, from text: Data) throws -> [(value: Value, text: String)]
    {
        let document = try Self.parse([UInt8](text))
        var elements = try JSONReader(document, node: 0).elements()
        var result: [(Value, String)] = []
        while let text = elements.textOfNext { result.append((try elements.decode(type), text)) }
        return result
    }

    private static func parse(_ bytes: [UInt8]) throws -> JSONDocument {
        do { return try JSONDocument(bytes, deepest: deepestNesting) } catch {
            throw error == .tooDeep ? Fault.tooDeep : Fault.malformed
        }
    }
}
