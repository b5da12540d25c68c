import Foundation

/// One value of a checked JSON text.
package struct JSONReader {
    let document: JSONDocument
    let node: Int

    init(_ document: JSONDocument, node: Int) {
        self.document = document
        self.node = node
    }

    fileprivate var value: JSONDocument.Node { document.nodes[node] }

    /// As it stands there.
    var source: String { document.withBytes(of: value) { String(decoding: $0, as: UTF8.self) } }

    // MARK: - Scalars

    var isNull: Bool { value.kind == .null }

    package func text() throws -> String {
        let value = value
        guard value.kind == .text || value.kind == .escapedText else { throw mismatch(String.self) }
        return document.text(value)
    }

    /// The bytes of a text, for as long as `body` runs.
    func withText<Value>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Value) throws -> Value {
        let value = value
        guard value.kind == .text else {
            var text = try text()
            return try text.withUTF8(body)
        }
        return try document.withBytes(of: value, body)
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
        guard let number = Double(source), number.isFinite else { throw fault("the number is too large") }
        return number
    }

    func whole<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
        let value = value
        guard value.kind == .number else { throw mismatch(Int.self) }
        if let number = Number(source) { return number }
        // A whole number may be written with decimals or an exponent.
        guard let number = Number(exactly: try number()) else {
            throw fault("a whole number from \(Number.min) to \(Number.max) is expected")
        }
        return number
    }

    // MARK: - Objects and arrays

    package func members() throws -> JSONMembers {
        guard value.kind == .object else { throw mismatch([String: String].self) }
        return JSONMembers(self)
    }

    func forEachMember(_ body: (String, JSONReader) throws -> Void) throws {
        guard value.kind == .object else { throw mismatch([String: String].self) }
        try walkMembers(body)
    }

    /// Of what is known to be an object.
    func walkMembers(_ body: (String, JSONReader) throws -> Void) rethrows {
        var at = node + 1
        while at < value.next {
            try body(document.text(document.nodes[at]), JSONReader(document, node: at + 1))
            at = Int(document.nodes[at + 1].next)
        }
    }

    func forEachElement(_ body: (JSONReader) throws -> Void) throws {
        guard value.kind == .array else { throw mismatch([String].self) }
        var at = node + 1
        while at < value.next {
            try body(JSONReader(document, node: at))
            at = Int(document.nodes[at].next)
        }
    }

    /// A whole value of a type that is coded in another way; `Data` is base64 text.
    func read<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard type == Data.self else { return try Value(from: self) }
        guard let data = Data(base64Encoded: try text()) as? Value else { throw fault("it is text in base64") }
        return data
    }

    // MARK: - Faults

    /// The place of the value as it is told to people.
    package var codingPath: [any CodingKey] { document.path(to: node) }

    func mismatch(_ type: any Any.Type) -> DecodingError {
        let context = DecodingError.Context(codingPath: codingPath, debugDescription: "it is of another type")
        return isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    package func fault(_ reason: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: reason))
    }

    /// The place of a member or an element.
    struct Key: CodingKey {
        let stringValue: String
        let intValue: Int?

        init(_ name: String) { (stringValue, intValue) = (name, nil) }
        init(_ index: Int) { (stringValue, intValue) = (String(index), index) }
        init?(intValue: Int) { self.init(intValue) }
        init?(stringValue: String) { self.init(stringValue) }
    }
}

/// The members of an object, read by name. Where a name comes twice, one of the two counts.
package struct JSONMembers {
    private let object: JSONReader
    private let end: Int
    /// The member after the one that was found last: members are mostly asked for in the order in which they stand.
    private var next: Int

    init(_ object: JSONReader) {
        self.object = object
        end = Int(object.value.next)
        next = object.node + 1
    }

    package mutating func read<Value: JSONValue>(_ name: StaticString, as type: Value.Type = Value.self) throws -> Value {
        guard let found = find(name) else { throw missing(name) }
        return try Value(json: found)
    }

    /// Absent and null are the same here.
    package mutating func readIfAny<Value: JSONValue>(_ name: StaticString, as type: Value.Type = Value.self) throws -> Value? {
        guard let found = find(name), !found.isNull else { return nil }
        return try Value(json: found)
    }

    /// A member of a type that is coded in another way.
    package mutating func decode<Value: Decodable>(_ name: StaticString, as type: Value.Type = Value.self) throws -> Value {
        guard let found = find(name) else { throw missing(name) }
        return try found.read(type)
    }

    private func missing(_ name: StaticString) -> DecodingError {
        .keyNotFound(JSONReader.Key("\(name)"), .init(codingPath: object.codingPath, debugDescription: "it is missing"))
    }

    private mutating func find(_ name: StaticString) -> JSONReader? {
        find(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    mutating func find(_ name: UnsafeBufferPointer<UInt8>) -> JSONReader? {
        find(name, from: next, to: end) ?? find(name, from: object.node + 1, to: next)
    }

    private mutating func find(_ name: UnsafeBufferPointer<UInt8>, from begin: Int, to end: Int) -> JSONReader? {
        var at = begin
        while at < end {
            let after = Int(object.document.nodes[at + 1].next)
            if object.document.isName(object.document.nodes[at], name) {
                next = after
                return JSONReader(object.document, node: at + 1)
            }
            at = after
        }
        return nil
    }
}
