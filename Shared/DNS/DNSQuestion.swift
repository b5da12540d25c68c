/// What is asked: a name and a kind of records.
struct DNSQuestion: Hashable, Sendable {
    enum Kind: UInt16, Hashable, Sendable {
        case a = 1
        case mx = 15
        case aaaa = 28
    }

    /// In lower case, without the dot at its end.
    let name: String
    let kind: Kind

    /// - Throws: ``LookupFailure/unfitName(_:)`` for anything but letters, digits, hyphens and underscores between dots.
    init(_ name: String, _ kind: Kind) throws(LookupFailure) {
        let bare = name.utf8.last == UInt8(ascii: ".") ? String(name.dropLast()) : name
        guard Self.isHostName(bare) else { throw .unfitName(String(name.prefix(256))) }
        self.name = bare.lowercased()
        self.kind = kind
    }

    static func isHostName(_ name: String) -> Bool {
        guard name.utf8.count <= 253 else { return false }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63).contains(label.count)
                && label.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }
}
