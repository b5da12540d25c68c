/// A JSON text (RFC 8259) that was checked once and is read in place: where each value begins and ends, in order of appearance.
///
/// Foundation's parser makes objects of everything first, at several times the cost, and does not say where a bad number stands.
final class JSONDocument: Sendable {
    enum Kind: UInt8 { case object, array, text, escapedText, number, yes, no, null }

    /// A value: an object's members are a name and a value each, in turn.
    struct Node {
        let kind: Kind
        /// In bytes; of a text without its quotes.
        let start: UInt32
        var end: UInt32
        /// The node after this one and all that is within it.
        var next: Int32
        let place: Place
    }

    struct Place {
        /// The node of the object or array that it stands in; -1 for the whole text.
        let container: Int32
        /// How many members or elements stand before it.
        var index: Int32
    }

    let bytes: [UInt8]
    let nodes: [Node]

    /// - Parameter deepest: The most levels that arrays and objects may stand in one another.
    init(_ bytes: [UInt8], deepest: Int) throws(JSONText.Fault) {
        self.bytes = bytes
        nodes = try JSONParser.parse(bytes, deepest: deepest)
    }

    /// The bytes of a value; of a text without its quotes.
    func withBytes<Value>(of node: Node, _ body: (UnsafeBufferPointer<UInt8>) throws -> Value) rethrows -> Value {
        try bytes.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[Int(node.start)..<Int(node.end)])) }
    }

    /// A text, or any other value as it stands there.
    func text(_ node: Node) -> String {
        withBytes(of: node) { node.kind == .escapedText ? Self.unescaped($0) : String(decoding: $0, as: UTF8.self) }
    }

    /// Only for what the parser has let through.
    private static func unescaped(_ text: UnsafeBufferPointer<UInt8>) -> String {
        String(unsafeUninitializedCapacity: text.count) { result in
            var end = 0
            var at = 0
            func put(_ byte: UInt8) {
                result[end] = byte
                end += 1
            }
            while at < text.count {
                guard text[at] == UInt8(ascii: "\\") else {
                    put(text[at])
                    at += 1
                    continue
                }
                at += 2
                switch text[at - 1] {
                case UInt8(ascii: "b"): put(0x08)
                case UInt8(ascii: "f"): put(0x0C)
                case UInt8(ascii: "n"): put(0x0A)
                case UInt8(ascii: "r"): put(0x0D)
                case UInt8(ascii: "t"): put(0x09)
                case UInt8(ascii: "u"):
                    // Six characters or twelve make at most four bytes, so that the room suffices.
                    var scalar = UInt32(JSONParser.unit(text, at: at) ?? 0xFFFD)
                    at += 4
                    if scalar & 0xFC00 == 0xD800, let low = JSONParser.unit(text, at: at + 2) {
                        scalar = 0x10000 + (scalar & 0x3FF) << 10 + UInt32(low) & 0x3FF
                        at += 6
                    }
                    for byte in UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter { put(byte) }
                case let itself: put(itself)
                }
            }
            return end
        }
    }

    /// Whether a member's name is this one.
    func isName(_ node: Node, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard node.kind == .text else { return text(node).utf8.elementsEqual(name) }
        guard node.end - node.start == name.count else { return false }
        return withBytes(of: node) { $0.elementsEqual(name) }
    }

    /// What leads to a value from the whole text.
    func path(to node: Int) -> [any CodingKey] {
        var path: [any CodingKey] = []
        var at = node
        while nodes[at].place.container >= 0 {
            let place = nodes[at].place
            let isMember = nodes[Int(place.container)].kind == .object
            path.append(isMember ? JSONReader.Key(text(nodes[at - 1])) : JSONReader.Key(Int(place.index)))
            at = Int(place.container)
        }
        return path.reversed()
    }
}
