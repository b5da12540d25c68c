import Foundation

extension JSONReader: Decoder {
    package var userInfo: [CodingUserInfoKey: Any] { [:] }

    package func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Keyed<Key>(self, try members()))
    }

    package func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        var elements: [JSONReader] = []
        try forEachElement { elements.append($0) }
        return Unkeyed(list: self, elements: elements)
    }

    package func singleValueContainer() -> any SingleValueDecodingContainer { Single(reader: self) }

    /// The members of an object.
    private final class Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        private let reader: JSONReader
        private var members: JSONMembers

        init(_ reader: JSONReader, _ members: JSONMembers) {
            self.reader = reader
            self.members = members
        }

        var codingPath: [any CodingKey] { reader.codingPath }

        var allKeys: [Key] {
            var keys: [Key] = []
            reader.walkMembers { name, _ in if let key = Key(stringValue: name) { keys.append(key) } }
            return keys
        }

        private func find(_ key: Key) -> JSONReader? {
            var name = key.stringValue
            return name.withUTF8 { members.find($0) }
        }

        private func member(_ key: Key) throws -> JSONReader {
            guard let found = find(key) else {
                throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "it is missing"))
            }
            return found
        }

        func contains(_ key: Key) -> Bool { find(key) != nil }
        func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNull }
        func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try member(key).bool() }
        func decode(_ type: String.Type, forKey key: Key) throws -> String { try member(key).text() }
        func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try member(key).number() }
        func decode(_ type: Float.Type, forKey key: Key) throws -> Float { Float(try member(key).number()) }
        func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try member(key).whole(type) }
        func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try member(key).whole(type) }
        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try member(key).read(type) }

        /// Absent and null are the same here.
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
            guard let found = find(key), !found.isNull else { return nil }
            return try found.text()
        }

        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
            guard let found = find(key), !found.isNull else { return nil }
            return try found.read(type)
        }

        func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) throws -> KeyedDecodingContainer<Nested>
        {
            try member(key).container(keyedBy: type)
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try member(key).unkeyedContainer() }
        func superDecoder() throws -> any Decoder { reader }
        func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }
    }

    /// The elements of an array.
    private struct Unkeyed: UnkeyedDecodingContainer {
        let list: JSONReader
        let elements: [JSONReader]
        private(set) var currentIndex = 0

        var codingPath: [any CodingKey] { list.codingPath }
        var count: Int? { elements.count }
        var isAtEnd: Bool { currentIndex >= elements.count }

        /// Goes on only where reading succeeds.
        private mutating func next<Value>(_ read: (JSONReader) throws -> Value) throws -> Value {
            guard !isAtEnd else {
                throw DecodingError.valueNotFound(
                    Value.self, .init(codingPath: codingPath + [Key(currentIndex)], debugDescription: "the list has ended"))
            }
            let value = try read(elements[currentIndex])
            currentIndex += 1
            return value
        }

        mutating func decodeNil() throws -> Bool {
            guard !isAtEnd, elements[currentIndex].isNull else { return false }
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
