import Crypto

/// The canonical form that is signed: `relaxed` for headers and body (RFC 6376, sections 3.4.2 and 3.4.4).
///
/// Bytes only: nothing here depends on what they mean. A carriage return or line feed alone is text like any other.
enum RelaxedForm {
    /// The SHA-256 of a body: runs of blanks as one space, none at a line's end, no empty lines at the end of the body.
    ///
    /// One pass over the bytes; what is to be hashed is gathered in a small buffer.
    static func bodyHash(_ body: UnsafeBufferPointer<UInt8>) -> SHA256.Digest {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16 * 1024) { room in
            var sink = HashSink(room: room)
            // Line ends and blanks are put when text follows them.
            var lineEnds = 0
            var isBlank = false
            var isEmpty = true
            var at = 0
            while at < body.count {
                let byte = body[at]
                if byte == .space || byte == .tab {
                    at += 1
                    isBlank = true
                } else if byte == .carriageReturn, at + 1 < body.count, body[at + 1] == .lineFeed {
                    at += 2
                    lineEnds += 1
                    isBlank = false
                } else {
                    while lineEnds > 0 {
                        sink.put(.carriageReturn)
                        sink.put(.lineFeed)
                        lineEnds -= 1
                    }
                    if isBlank {
                        sink.put(.space)
                        isBlank = false
                    }
                    let start = at
                    at = endOfRun(from: at, in: body)
                    sink.put(UnsafeBufferPointer(rebasing: body[start..<at]))
                    isEmpty = false
                }
            }
            if !isEmpty {
                sink.put(.carriageReturn)
                sink.put(.lineFeed)
            }
            return sink.finish()
        }
    }

    /// Where what stands for itself ends: text, with single spaces and line ends between.
    private static func endOfRun(from start: Int, in body: UnsafeBufferPointer<UInt8>) -> Int {
        var at = start + 1
        while at < body.count {
            let byte = body[at]
            if isText(byte) {
                at += 1
                continue
            }
            let isLineEnd = byte == .carriageReturn && at + 1 < body.count && body[at + 1] == .lineFeed
            let next = at + (isLineEnd ? 2 : 1)
            guard byte == .space || isLineEnd, next < body.count, isText(body[next]) else { break }
            at = next
        }
        return at
    }

    /// Whether a byte stands for itself, whatever is around it.
    private static func isText(_ byte: UInt8) -> Bool {
        byte > .space || (byte != .space && byte != .tab && byte != .carriageReturn)
    }

    /// Feeds a hash in large pieces.
    private struct HashSink {
        let room: UnsafeMutableBufferPointer<UInt8>
        private var count = 0
        private var hasher = SHA256()

        init(room: UnsafeMutableBufferPointer<UInt8>) { self.room = room }

        mutating func put(_ byte: UInt8) {
            if count == room.count { flush() }
            room[count] = byte
            count += 1
        }

        mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
            if bytes.count > room.count - count { flush() }
            guard bytes.count <= room.count else { return hasher.update(bufferPointer: UnsafeRawBufferPointer(bytes)) }
            _ = room[count...].update(fromContentsOf: bytes)
            count += bytes.count
        }

        mutating func finish() -> SHA256.Digest {
            flush()
            return hasher.finalize()
        }

        private mutating func flush() {
            hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
            count = 0
        }
    }

    /// Adds a header field: its name in lower case, unfolded, runs of blanks as one space and none at either end of the value.
    /// - Parameter field: `Name: value`, with or without the line end that closes it; without a colon nothing is added.
    static func append(_ field: UnsafeBufferPointer<UInt8>, to canonical: inout [UInt8]) {
        guard let colon = field.firstIndex(of: .colon) else { return }
        for byte in field[..<colon] where byte != .space && byte != .tab { canonical.append(byte.lowercased) }
        canonical.append(.colon)
        var isBlank = false
        var isEmpty = true
        var at = colon + 1
        while at < field.count {
            let byte = field[at]
            at += 1
            if byte == .space || byte == .tab {
                isBlank = true
            } else if byte == .carriageReturn, at < field.count, field[at] == .lineFeed {
                at += 1
            } else {
                if isBlank, !isEmpty { canonical.append(.space) }
                isBlank = false
                isEmpty = false
                canonical.append(byte)
            }
        }
    }
}

extension UInt8 {
    static let tab = UInt8(ascii: "\t")
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let colon = UInt8(ascii: ":")

    /// Of an ASCII letter; any other byte as it is.
    var lowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
