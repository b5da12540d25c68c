package import Foundation

/// How facts and commands stand in AMQP messages.
///
/// A message's `type` is the kind, its content type `application/json`, its header `waybill-version` says how to read it. A facts
/// message carries an array of facts of that one kind; every other message one object.
package enum Wire {
    /// The version that we write and the only one that we read.
    package static let version = 1
    package static let contentType = "application/json"
    package static let versionHeader = "waybill-version"
    /// The most facts in one message.
    package static let factsPerMessage = 256
    /// The largest body that is read, in bytes; larger ones are dead-lettered.
    package static let largestBody = 48 * 1024 * 1024
    /// Why a message cannot be read; the text goes with it to the dead letters.
    package struct Unreadable: Error, Hashable, CustomStringConvertible {
        package let description: String

        package init(_ description: String) {
            self.description = description
        }
    }

    /// JSON, the same bytes for equal values.
    package static func encode(_ value: some Encodable) throws -> Data { try JSONText.write(value) }

    package static func encode(_ value: some JSONValue) throws -> Data { try JSONText.write(value) }

    /// Reads one JSON value.
    /// - Throws: ``Unreadable``, in words that name the place.
    package static func decode<Value: Decodable>(_ type: Value.Type, from body: Data) throws(Unreadable) -> Value {
        try read(body) { try JSONText.read(type, from: $0) }
    }

    package static func decode<Value: JSONValue>(_ type: Value.Type, from body: Data) throws(Unreadable) -> Value {
        try read(body) { try JSONText.read(type, from: $0) }
    }

    private static func read<Value>(_ body: Data, _ reading: (Data) throws -> Value) throws(Unreadable) -> Value {
        guard body.count <= largestBody else {
            throw Unreadable("The body has \(body.count) bytes; the most is \(largestBody).")
        }
        do {
            return try reading(body)
        } catch let error as DecodingError {
            throw Unreadable(error.sentence)
        } catch JSONText.Fault.tooDeep {
            throw Unreadable("The JSON is nested deeper than \(JSONText.deepestNesting) levels.")
        } catch {
            throw Unreadable("The body is not valid JSON.")
        }
    }

    /// Checks a message's properties before its body is read.
    package static func check(version: Int?) throws(Unreadable) {
        guard let version else {
            throw Unreadable("The header \(versionHeader) is missing or not a number; it should be \(Self.version).")
        }
        guard version == Self.version else {
            throw Unreadable("The version is \(version); this service reads version \(Self.version).")
        }
    }

    /// Reads a facts message.
    /// - Parameters:
    ///   - kind: The message's `type`.
    ///   - version: Its header `waybill-version`.
    package static func facts(kind: String, version: Int?, body: Data) throws(Unreadable) -> [Fact] {
        try factsWithText(kind: kind, version: version, body: body).map(\.fact)
    }

    /// Reads a facts message and keeps each fact's own text, for a log.
    package static func factsWithText(
        kind: String, version: Int?, body: Data
    ) throws(Unreadable) -> [(fact: Fact, text: String)] {
        try check(version: version)
        guard let kind = Fact.Kind(rawValue: kind) else {
            throw Unreadable("There is no kind of fact called \(kind.debugDescription).")
        }
        let facts = try read(body) { try JSONText.readElements(Fact.self, from: $0) }
        guard facts.allSatisfy({ $0.value.kind == kind }) else {
            throw Unreadable("The message's type is \(kind.rawValue) but it holds facts of another kind.")
        }
        return facts.map { ($0.value, $0.text) }
    }
}

extension DecodingError {
    /// What is wrong and where, for the person who wrote the JSON; the place is a JSON pointer (RFC 6901).
    package var sentence: String {
        switch self {
        case .keyNotFound(let key, let context): "\(context.place(key)) is missing."
        case .valueNotFound(_, let context): "\(context.place()) is null and must have a value."
        case .typeMismatch(let type, let context): "\(context.place()) is of the wrong type: expected \(Self.word(for: type))."
        case .dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "The body is not valid JSON." : "\(context.place()) is not right: \(context.debugDescription)."
        @unknown default: "The body cannot be read."
        }
    }

    /// The place of the fault as a JSON pointer (RFC 6901); empty for the whole body.
    package var pointer: String {
        switch self {
        case .keyNotFound(let key, let context): context.pointer(key)
        case .valueNotFound(_, let context), .typeMismatch(_, let context), .dataCorrupted(let context): context.pointer()
        @unknown default: ""
        }
    }

    private static func word(for type: any Any.Type) -> String {
        switch type {
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        case is Int.Type, is Double.Type: "a number"
        case is [Any].Type: "a list"
        case is any Collection.Type where "\(type)".hasPrefix("Array"): "a list"
        default: "an object"
        }
    }
}

extension DecodingError.Context {
    fileprivate func pointer(_ key: (any CodingKey)? = nil) -> String {
        (codingPath + (key.map { [$0] } ?? [])).map { step in
            "/" + (step.intValue.map(String.init) ?? step.stringValue.replacing("~", with: "~0").replacing("/", with: "~1"))
        }.joined()
    }

    fileprivate func place(_ key: (any CodingKey)? = nil) -> String {
        let pointer = pointer(key)
        return pointer.isEmpty ? "The body" : pointer
    }
}
