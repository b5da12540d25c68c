/// Where the header fields that are signed stand in a message, and where its body begins.
struct SignedFields {
    /// What is signed wherever it stands, and once more than it stands: so nobody can add another (RFC 6376, section 8.15).
    ///
    /// What a reader is shown or a mail program acts on; RFC 8058 section 4 asks for the two about unsubscribing. Fields that
    /// servers on the way add or change are not here.
    static let names = [
        "from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id", "mime-version", "content-type",
        "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post", "auto-submitted",
    ]
    private static let nameBytes = names.map { Array($0.utf8) }

    /// For each of ``names``, in order: its fields from first to last, each without the line end that closes it.
    private(set) var places: [[Range<Int>]]
    /// Where the body begins; the message's end where there is none.
    private(set) var body: Int

    init(of message: UnsafeBufferPointer<UInt8>) {
        places = Array(repeating: [], count: Self.names.count)
        body = message.count
        var start = 0
        while start < message.count {
            var end = start
            // The line end of the field's last line: one that no blank follows.
            while end < message.count {
                if message[end] == .carriageReturn, end + 1 < message.count, message[end + 1] == .lineFeed {
                    guard end > start, end + 2 < message.count, message[end + 2] == .space || message[end + 2] == .tab else {
                        break
                    }
                }
                end += 1
            }
            if end == start {
                body = min(message.count, start + 2)
                return
            }
            if let name = Self.name(of: message, at: start..<end) { places[name].append(start..<end) }
            start = min(message.count, end + 2)
        }
    }

    /// The place in ``names`` of the name of a field; `nil` where it is not signed.
    private static func name(of message: UnsafeBufferPointer<UInt8>, at field: Range<Int>) -> Int? {
        guard var end = message[field].firstIndex(of: .colon) else { return nil }
        while end > field.lowerBound, message[end - 1] == .space || message[end - 1] == .tab { end -= 1 }
        let name = message[field.lowerBound..<end]
        return nameBytes.firstIndex { known in
            known.count == name.count && zip(known, name).allSatisfy { $0 == $1.lowercased }
        }
    }

    /// The value of the tag `h=`, in the order of ``appendCanonical(of:to:)``.
    var tag: [String] {
        zip(Self.names, places).flatMap { name, places in Array(repeating: name, count: places.count + 1) }
    }

    /// Adds what is hashed for ``tag``: of fields with the same name the last first; what does not stand there adds nothing
    /// (RFC 6376, section 5.4.2).
    func appendCanonical(of message: UnsafeBufferPointer<UInt8>, to canonical: inout [UInt8]) {
        for fields in places {
            for field in fields.reversed() {
                RelaxedForm.append(UnsafeBufferPointer(rebasing: message[field]), to: &canonical)
                canonical.append(.carriageReturn)
                canonical.append(.lineFeed)
            }
        }
    }
}
