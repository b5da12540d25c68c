import Foundation

/// Decodes one value of a checked JSON text.
struct JSONReader: Decoder {
    let document: JSONDocument
    let node: Int

    init(_ document: JSONDocument, node: Int) {
        self.document = document
        self.node = node
    }

    var codingPath: [any CodingKey] { document.path }
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    fileprivate var value: JSONDocument.Node { document.nodes[node] }

    /// A whole value; `Data` is base64 text.
    func read<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard type == Data.self else { return try Value(from: self) }
        guard let data = Data(base64Encoded: try text()) as? Value else {
            throw corrupted("it is text in base64")
        }
        return data
    }

    /// Reads what stands at `key`, or in an array at its index.
    fileprivate func read<Value: Decodable>(_ type: Value.Type, at key: any CodingKey) throws -> Value {
        try within(key) { try read(type) }
    }

    /// Notes the place while `body` reads there.
    fileprivate func within<Value>(_ key: any CodingKey, _ body: () throws -> Value) rethrows -> Value {
        document.path.append(key)
        defer { document.path.removeLast() }
        return try body()
    }

    // MARK: - Containers

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard value.kind == .object else { throw mismatch([String: String].self) }
        return KeyedDecodingContainer(Keyed<Key>(self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try elements() }

    func elements() throws -> Unkeyed {
        guard value.kind == .array else { throw mismatch([String].self) }
        return Unkeyed(self)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { Single(reader: self) }

    // MARK: - Scalars

    var isNull: Bool { value.kind == .null }

    func text() throws -> String {
        guard value.kind == .text || value.kind == .escapedText else { throw mismatch(String.self) }
        return document.text(value)
    }

    func bool() throws -> Bool {
        switch value.kind {
        case .yes: true
        case .no: false
        default: throw mismatch(Bool.self)
        }
    }

    func number() throws -> Double {
        guard value.kind == .number else { throw mismatch(Double.self) }
        guard let number = Double(document.text(value)), number.isFinite else { throw corrupted("the number is too large") }
        return number
    }

    func whole<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
        guard value.kind == .number else { throw mismatch(Int.self) }
        if let number = Number(document.text(value)) { return number }
        // A whole number may be written with decimals or an exponent.
        guard let number = Number(exactly: try number()) else {
            throw corrupted("a whole number from \(Number.min) to \(Number.max) is expected")
        }
        return number
    }

    // MARK: - Faults

    private func mismatch(_ type: any Any.Type) -> DecodingError {
        let context = DecodingError.Context(codingPath: codingPath, debugDescription: "it is of another type")
        return isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    fileprivate func corrupted(_ reason: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: reason))
    }

    /// The place of an array's element.
    struct Index: CodingKey {
        let intValue: Int?
        var stringValue: String { intValue.map(String.init) ?? "" }

        init(_ index: Int) { intValue = index }
        init?(intValue: Int) { self.init(intValue) }
        init?(stringValue: String) { nil }
    }
}

extension JSONReader {
    /// The members of an object. Where a name comes twice, one of the two counts.
    private final class Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        private let reader: JSONReader
        private let first: Int
        private let end: Int
        /// The member after the one that was found last: members are mostly asked for in the order in which they stand.
        private var next: Int

        init(_ reader: JSONReader) {
            self.reader = reader
            first = reader.node + 1
            end = Int(reader.value.next)
            next = first
        }

        var codingPath: [any CodingKey] { reader.codingPath }

        var allKeys: [Key] {
            var keys: [Key] = []
            var at = first
            while at < end {
                if let key = Key(stringValue: reader.document.text(reader.document.nodes[at])) { keys.append(key) }
                at = Int(reader.document.nodes[at + 1].next)
            }
            return keys
        }

        private func find(_ key: Key) -> JSONReader? {
            let name = key.stringValue
            return find(name, from: next, to: end) ?? find(name, from: first, to: next)
        }

        private func find(_ name: String, from begin: Int, to end: Int) -> JSONReader? {
            var at = begin
            while at < end {
                let after = Int(reader.document.nodes[at + 1].next)
                if reader.document.isName(reader.document.nodes[at], name) {
                    next = after
                    return JSONReader(reader.document, node: at + 1)
                }
                at = after
            }
            return nil
        }

        private func member(_ key: Key) throws -> JSONReader {
            guard let found = find(key) else {
                throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "it is missing"))
            }
            return found
        }

        func contains(_ key: Key) -> Bool { find(key) != nil }
        func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNull }
        func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try read(key) { try $0.bool() } }
        func decode(_ type: String.Type, forKey key: Key) throws -> String { try read(key) { try $0.text() } }
        func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try read(key) { try $0.number() } }
        func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try read(key) { Float(try $0.number()) } }
        func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try read(key) { try $0.whole(type) } }
        func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try read(key) { try $0.whole(type) } }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try read(key) { try $0.read(type) } }

        /// Absent and null are the same here.
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
            guard let found = find(key), !found.isNull else { return nil }
            return try reader.within(key) { try found.text() }
        }

        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
            guard let found = find(key), !found.isNull else { return nil }
            return try found.read(type, at: key)
        }

        private func read<Value>(_ key: Key, _ body: (JSONReader) throws -> Value) throws -> Value {
            let member = try member(key)
            return try reader.within(key) { try body(member) }
        }

        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested>
        {
            try read(key) { try $0.container(keyedBy: type) }
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try read(key) { try $0.unkeyedContainer() }
        }
        func superDecoder() throws -> any Decoder { reader }
        func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }
    }

    /// The elements of an array.
    struct Unkeyed: UnkeyedDecodingContainer {
        private let reader: JSONReader
        private let end: Int
        private var at: Int
        private(set) var currentIndex = 0

        init(_ reader: JSONReader) {
            self.reader = reader
            at = reader.node + 1
            end = Int(reader.value.next)
        }

        var codingPath: [any CodingKey] { reader.codingPath }
        var count: Int? {
            var count = currentIndex
            var at = at
            while at < end {
                count += 1
                at = Int(reader.document.nodes[at].next)
            }
            return count
        }
        var isAtEnd: Bool { at >= end }

        /// The next element as it stands there; `nil` at the end.
        var textOfNext: String? {
            isAtEnd ? nil : String(decoding: reader.document.slice(reader.document.nodes[at]), as: UTF8.self)
        }

        private mutating func next<Value>(_ body: (JSONReader) throws -> Value) throws -> Value {
            let key = Index(currentIndex)
            guard !isAtEnd else {
                throw DecodingError.valueNotFound(
                    Value.self, .init(codingPath: codingPath + [key], debugDescription: "the list has ended"))
            }
            let value = try reader.within(key) { try body(JSONReader(reader.document, node: at)) }
            at = Int(reader.document.nodes[at].next)
            currentIndex += 1
            return value
        }

        mutating func decodeNil() throws -> Bool {
            guard !isAtEnd, reader.document.nodes[at].kind == .null else { return false }
            return try next { _ in true }
        }
        mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try $0.bool() } }
        mutating func decode(_ type: String.Type) throws -> String { try next { try $0.text() } }
        mutating func decode(_ type: Double.Type) throws -> Double { try next { try $0.number() } }
        mutating func decode(_ type: Float.Type) throws -> Float { try next { Float(try $0.number()) } }
        mutating func decode(_ type: Int.Type) throws -> Int { try next { try $0.whole(type) } }
        mutating func decode(_ type: Int64.Type) throws -> Int64 { try next { try $0.whole(type) } }
        mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next { try $0.read(type) } }

        mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
            try next { try $0.container(keyedBy: type) }
        }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next { try $0.unkeyedContainer() } }
        mutating func superDecoder() throws -> any Decoder { try next { $0 } }
    }

    private struct Single: SingleValueDecodingContainer {
        let reader: JSONReader
        var codingPath: [any CodingKey] { reader.codingPath }

        func decodeNil() -> Bool { reader.isNull }
        func decode(_ type: Bool.Type) throws -> Bool { try reader.bool() }
        func decode(_ type: String.Type) throws -> String { try reader.text() }
        func decode(_ type: Double.Type) throws -> Double { try reader.number() }
        func decode(_ type: Float.Type) throws -> Float { Float(try reader.number()) }
        func decode(_ type: Int.Type) throws -> Int { try reader.whole(type) }
        func decode(_ type: Int8.Type) throws -> Int8 { try reader.whole(type) }
        func decode(_ type: Int16.Type) throws -> Int16 { try reader.whole(type) }
        func decode(_ type: Int32.Type) throws -> Int32 { try reader.whole(type) }
        func decode(_ type: Int64.Type) throws -> Int64 { try reader.whole(type) }
        func decode(_ type: UInt.Type) throws -> UInt { try reader.whole(type) }
        func decode(_ type: UInt8.Type) throws -> UInt8 { try reader.whole(type) }
        func decode(_ type: UInt16.Type) throws -> UInt16 { try reader.whole(type) }
        func decode(_ type: UInt32.Type) throws -> UInt32 { try reader.whole(type) }
        func decode(_ type: UInt64.Type) throws -> UInt64 { try reader.whole(type) }
        func decode<T: Decodable>(_ type: T.Type) throws -> T { try reader.read(type) }
    }
}
