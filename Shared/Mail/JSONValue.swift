/// A value that reads and writes its own JSON, without the detours of `Codable`, which it is too: among other values it does the same.
package protocol JSONValue: Codable {
    /// - Throws: `DecodingError` with the place.
    init(json: JSONReader) throws
    func write(to output: inout JSONOutput) throws
}

/// A value that is an object: reads and writes its members by name.
package protocol JSONRecord: JSONValue {
    init(members: inout JSONMembers) throws
    /// In the same order each time.
    func writeMembers(to output: inout JSONOutput) throws
}

extension JSONRecord {
    package init(json: JSONReader) throws {
        var members = try json.members()
        try self.init(members: &members)
    }

    package func write(to output: inout JSONOutput) throws {
        output.beginObject()
        try writeMembers(to: &output)
        output.endObject()
    }

    package func encode(to encoder: any Encoder) throws {
        try JSONWriter.of(encoder, for: self).record(self)
    }
}

extension JSONValue {
    package init(from decoder: any Decoder) throws {
        guard let reader = decoder as? JSONReader else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "it is read from JSON text only"))
        }
        try self.init(json: reader)
    }

    package func encode(to encoder: any Encoder) throws {
        try JSONWriter.of(encoder, for: self).value(self)
    }
}

/// A value that is a text of a certain form, all of it ASCII.
package protocol JSONTextual: JSONValue, CustomStringConvertible {
    init?(ascii: UnsafeBufferPointer<UInt8>)
    /// What is expected, for whoever wrote another text.
    static var form: String { get }
}

extension JSONTextual {
    package init(json: JSONReader) throws {
        guard let value = try json.withText(Self.init(ascii:)) else { throw json.fault(Self.form) }
        self = value
    }

    package func write(to output: inout JSONOutput) { output.text(description) }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        var text = try container.decode(String.self)
        guard let value = text.withUTF8(Self.init(ascii:)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: Self.form)
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// One of a few words.
package protocol JSONWord: JSONValue, RawRepresentable, CaseIterable where RawValue == String {}

extension JSONWord {
    package init(json: JSONReader) throws {
        guard let value = Self(rawValue: try json.text()) else { throw json.fault(Self.form) }
        self = value
    }

    package func write(to output: inout JSONOutput) { output.text(rawValue) }
}

extension JSONWord {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(rawValue: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: Self.form)
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    private static var form: String { "it is one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))" }
}

extension String: JSONValue {
    package init(json: JSONReader) throws { self = try json.text() }
    package func write(to output: inout JSONOutput) { output.text(self) }
}

extension Int: JSONValue {
    package init(json: JSONReader) throws { self = try json.whole(Int.self) }
    package func write(to output: inout JSONOutput) { output.number(self) }
}

extension Bool: JSONValue {
    package init(json: JSONReader) throws { self = try json.bool() }
    package func write(to output: inout JSONOutput) { output.word(self ? "true" : "false") }
}

extension Array: JSONValue where Element: JSONValue {
    package init(json: JSONReader) throws {
        self = []
        try json.forEachElement { append(try Element(json: $0)) }
    }

    package func write(to output: inout JSONOutput) throws {
        output.beginArray()
        for element in self {
            output.nextElement()
            try element.write(to: &output)
        }
        output.endArray()
    }
}

extension Dictionary: JSONValue where Key == String, Value: JSONValue {
    package init(json: JSONReader) throws {
        self = [:]
        try json.forEachMember { name, value in self[name] = try Value(json: value) }
    }

    /// Sorted by name.
    package func write(to output: inout JSONOutput) throws {
        output.beginObject()
        for (name, value) in sorted(by: { $0.key < $1.key }) {
            output.name(name)
            try value.write(to: &output)
        }
        output.endObject()
    }
}
