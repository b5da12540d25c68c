/// JSON text on its way: values and what stands between them.
package struct JSONOutput {
    /// Shared by all who write one text through `Codable`.
    final class Box {
        var output = JSONOutput()
    }

    var bytes: [UInt8] = []

    // MARK: - Objects and arrays

    mutating func beginObject() { bytes.append(UInt8(ascii: "{")) }
    mutating func endObject() { bytes.append(UInt8(ascii: "}")) }
    mutating func beginArray() { bytes.append(UInt8(ascii: "[")) }
    mutating func endArray() { bytes.append(UInt8(ascii: "]")) }

    /// The comma between two elements.
    mutating func nextElement() {
        // Nothing but the array itself ends in its bracket.
        if bytes.last != UInt8(ascii: "[") { bytes.append(UInt8(ascii: ",")) }
    }

    /// A member's name, after which its value has to come.
    mutating func name(_ name: String) {
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        text(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// - Parameter name: Without anything that would have to be escaped.
    package mutating func member(_ name: StaticString, _ value: some JSONValue) throws {
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        try value.write(to: &self)
    }

    /// Left out where there is none.
    package mutating func member(_ name: StaticString, _ value: (some JSONValue)?) throws {
        if let value { try member(name, value) }
    }

    /// A member of a type that is coded in another way.
    package mutating func member(_ name: StaticString, coding value: some Encodable) throws {
        self.name("\(name)")
        let box = JSONOutput.Box()
        swap(&box.output, &self)
        defer { swap(&box.output, &self) }
        try JSONWriter(box).write(value)
    }

    // MARK: - Scalars

    mutating func word(_ word: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }

    mutating func number(_ value: some BinaryInteger) { bytes.append(contentsOf: value.description.utf8) }

    /// A text of so many bytes, none of which has to be escaped.
    mutating func plainText(_ count: Int, _ write: (UnsafeMutableBufferPointer<UInt8>) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 2) { room in
            room.initialize(repeating: UInt8(ascii: "\""))
            write(UnsafeMutableBufferPointer(rebasing: room[1...count]))
            bytes.append(contentsOf: UnsafeBufferPointer(room))
        }
    }

    mutating func text(_ value: String) {
        var value = value
        bytes.append(UInt8(ascii: "\""))
        value.withUTF8 { utf8 in
            var copied = 0
            while true {
                let end = JSONText.endOfPlain(utf8, from: copied)
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[copied..<end]))
                guard end < utf8.count else { break }
                escape(utf8[end])
                copied = end + 1
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): word("\\\"")
        case UInt8(ascii: "\\"): word("\\\\")
        case 0x08: word("\\b")
        case 0x0C: word("\\f")
        case 0x0A: word("\\n")
        case 0x0D: word("\\r")
        case 0x09: word("\\t")
        default: bytes += ("\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)).utf8
        }
    }
}
