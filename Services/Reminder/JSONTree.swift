/// Any JSON value, so that a document can be checked as a whole and every fault in it be named at once.
enum JSONTree: Hashable, Sendable, Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([JSONTree])
    case object([String: JSONTree])

    init(from decoder: any Decoder) throws {
        if let keyed = try Self.ifOfThatKind({ try decoder.container(keyedBy: Name.self) }) {
            var fields: [String: JSONTree] = [:]
            for key in keyed.allKeys { fields[key.stringValue] = try keyed.decode(JSONTree.self, forKey: key) }
            self = .object(fields)
            return
        }
        if var unkeyed = try Self.ifOfThatKind({ try decoder.unkeyedContainer() }) {
            var items: [JSONTree] = []
            while !unkeyed.isAtEnd { items.append(try unkeyed.decode(JSONTree.self)) }
            self = .list(items)
            return
        }
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self = .null
        } else if let text = try Self.ifOfThatKind({ try single.decode(String.self) }) {
            self = .text(text)
        } else if let bool = try Self.ifOfThatKind({ try single.decode(Bool.self) }) {
            self = .bool(bool)
        } else {
            self = .number(try single.decode(Double.self))
        }
    }

    /// `nil` where the value is of another kind than is asked for.
    private static func ifOfThatKind<Value>(_ read: () throws -> Value) throws -> Value? {
        do { return try read() } catch is DecodingError { return nil }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
