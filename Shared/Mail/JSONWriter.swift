import Foundation

/// Encodes one value: a scalar, or the container that the value asks for. Everything goes into one buffer; members are put into
/// the order of their names when an object ends.
final class JSONWriter: Encoder {
    private enum Shape { case nothing, scalar, object, array }

    /// A member or an element: where it stands in the buffer, or who writes it apart.
    private struct Entry {
        var name = ""
        var range = 0..<0
        var apart: JSONWriter?
        /// Several members with their names.
        var isRecord = false
    }

    private let box: JSONOutput.Box
    private let start: Int
    private var shape = Shape.nothing
    private var entries: [Entry] = []
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    /// Nobody asks: what we write has no faults that depend on the place.
    var codingPath: [any CodingKey] { [] }

    init(_ box: JSONOutput.Box) {
        self.box = box
        start = box.output.bytes.count
    }

    /// Writes a whole value at the end of the buffer.
    func write<Value: Encodable>(_ value: Value) throws {
        if Value.self == Data.self, let data = value as? Data {
            scalar(data.base64EncodedString())
        } else {
            try value.encode(to: self)
            close()
        }
    }

    static func of(_ encoder: any Encoder, for value: some JSONValue) throws -> JSONWriter {
        guard let writer = encoder as? JSONWriter else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: encoder.codingPath, debugDescription: "it is written as JSON text only"))
        }
        return writer
    }

    /// Writes a value that writes itself.
    func value(_ value: some JSONValue) throws {
        shape = .scalar
        try value.write(to: &box.output)
    }

    /// Writes the members of a record among those of the object that it stands for.
    func record(_ record: some JSONRecord) throws {
        shape = .object
        box.output.beginObject()
        let begin = box.output.bytes.count
        try record.writeMembers(to: &box.output)
        guard box.output.bytes.count > begin else { return }
        entries.append(Entry(range: begin..<box.output.bytes.count, isRecord: true))
    }

    // MARK: - Containers

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        shape = .object
        return KeyedEncodingContainer(Keyed<Key>(writer: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        shape = .array
        return Unkeyed(writer: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(writer: self) }

    fileprivate var count: Int { entries.count }

    fileprivate func member(_ name: String, _ write: () throws -> Void) rethrows {
        let begin = box.output.bytes.count
        let container = shape
        try write()
        shape = container
        entries.append(Entry(name: name, range: begin..<box.output.bytes.count))
    }

    fileprivate func member<Value: Encodable>(_ name: String, value: Value) throws {
        let begin = box.output.bytes.count
        try JSONWriter(box).write(value)
        entries.append(Entry(name: name, range: begin..<box.output.bytes.count))
    }

    /// A container that may be filled later: in a buffer of its own.
    fileprivate func apart(_ name: String) -> JSONWriter {
        let writer = JSONWriter(JSONOutput.Box())
        entries.append(Entry(name: name, apart: writer))
        return writer
    }

    /// Puts the brackets, commas and names around what was written since the start.
    private func close() {
        guard shape == .object || shape == .array else {
            if shape == .nothing { box.output.word("{}") }
            return
        }
        let written = Array(box.output.bytes[start...])
        box.output.bytes.removeSubrange(start...)
        if shape == .object { entries.sort { $0.name < $1.name } }
        box.output.bytes.append(UInt8(ascii: shape == .object ? "{" : "["))
        for (index, entry) in entries.enumerated() {
            if index > 0 { box.output.bytes.append(UInt8(ascii: ",")) }
            if shape == .object, !entry.isRecord {
                box.output.text(entry.name)
                box.output.bytes.append(UInt8(ascii: ":"))
            }
            if let apart = entry.apart {
                apart.close()
                box.output.bytes += apart.box.output.bytes
            } else {
                box.output.bytes += written[(entry.range.lowerBound - start)..<(entry.range.upperBound - start)]
            }
        }
        box.output.bytes.append(UInt8(ascii: shape == .object ? "}" : "]"))
        shape = .scalar
    }

    // MARK: - Scalars

    fileprivate func scalar(_ value: String) {
        shape = .scalar
        box.output.text(value)
    }

    fileprivate func scalar(_ value: some BinaryInteger) {
        shape = .scalar
        box.output.number(value)
    }

    fileprivate func scalar(_ value: Bool) { word(value ? "true" : "false") }
    fileprivate func null() { word("null") }

    private func word(_ word: StaticString) {
        shape = .scalar
        box.output.word(word)
    }

    fileprivate func scalar(_ value: Double) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: [], debugDescription: "JSON has no number for \(value)"))
        }
        let digits = value.description
        shape = .scalar
        box.output.bytes += (digits.hasSuffix(".0") ? digits.dropLast(2) : digits[...]).utf8
    }
}

extension JSONWriter {
    fileprivate struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let writer: JSONWriter
        var codingPath: [any CodingKey] { writer.codingPath }

        func encodeNil(forKey key: Key) { writer.member(key.stringValue) { writer.null() } }
        func encode(_ value: Bool, forKey key: Key) { writer.member(key.stringValue) { writer.scalar(value) } }
        func encode(_ value: String, forKey key: Key) { writer.member(key.stringValue) { writer.scalar(value) } }
        func encode(_ value: Double, forKey key: Key) throws { try writer.member(key.stringValue) { try writer.scalar(value) } }
        func encode(_ value: Float, forKey key: Key) throws { try encode(Double(value), forKey: key) }
        func encode(_ value: Int, forKey key: Key) { writer.member(key.stringValue) { writer.scalar(value) } }
        func encode(_ value: Int64, forKey key: Key) { writer.member(key.stringValue) { writer.scalar(value) } }
        func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try writer.member(key.stringValue, value: value) }

        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
            writer.apart(key.stringValue).container(keyedBy: type)
        }
        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            writer.apart(key.stringValue).unkeyedContainer()
        }
        func superEncoder() -> any Encoder { writer.apart("super") }
        func superEncoder(forKey key: Key) -> any Encoder { writer.apart(key.stringValue) }
    }

    fileprivate struct Unkeyed: UnkeyedEncodingContainer {
        let writer: JSONWriter
        var codingPath: [any CodingKey] { writer.codingPath }
        var count: Int { writer.count }

        func encodeNil() { writer.member("") { writer.null() } }
        func encode(_ value: Bool) { writer.member("") { writer.scalar(value) } }
        func encode(_ value: String) { writer.member("") { writer.scalar(value) } }
        func encode(_ value: Double) throws { try writer.member("") { try writer.scalar(value) } }
        func encode(_ value: Float) throws { try encode(Double(value)) }
        func encode(_ value: Int) { writer.member("") { writer.scalar(value) } }
        func encode(_ value: Int64) { writer.member("") { writer.scalar(value) } }
        func encode<T: Encodable>(_ value: T) throws { try writer.member("", value: value) }

        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
            writer.apart("").container(keyedBy: type)
        }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { writer.apart("").unkeyedContainer() }
        func superEncoder() -> any Encoder { writer.apart("") }
    }

    fileprivate struct Single: SingleValueEncodingContainer {
        let writer: JSONWriter
        var codingPath: [any CodingKey] { writer.codingPath }

        func encodeNil() { writer.null() }
        func encode(_ value: Bool) { writer.scalar(value) }
        func encode(_ value: String) { writer.scalar(value) }
        func encode(_ value: Double) throws { try writer.scalar(value) }
        func encode(_ value: Float) throws { try writer.scalar(Double(value)) }
        func encode(_ value: Int) { writer.scalar(value) }
        func encode(_ value: Int64) { writer.scalar(value) }
        func encode(_ value: Int8) { writer.scalar(value) }
        func encode(_ value: Int16) { writer.scalar(value) }
        func encode(_ value: Int32) { writer.scalar(value) }
        func encode(_ value: UInt) { writer.scalar(value) }
        func encode(_ value: UInt8) { writer.scalar(value) }
        func encode(_ value: UInt16) { writer.scalar(value) }
        func encode(_ value: UInt32) { writer.scalar(value) }
        func encode(_ value: UInt64) { writer.scalar(value) }
        func encode<T: Encodable>(_ value: T) throws { try writer.write(value) }
    }
}
