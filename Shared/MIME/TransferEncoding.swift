/// How a text part stands in a message (RFC 2045 section 6).
enum TransferEncoding: String {
    case sevenBit = "7bit"
    case quotedPrintable = "quoted-printable"
    case base64

    /// Puts out blanks at a line's end and bytes that are not plain as `=XX`, and ends lines before they are longer than 76 bytes.
    /// - Parameter text: Whole lines, with line feeds only; the last may lack its end.
    /// - Returns: Lines with CRLF.
    static func quotedPrintable(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        // A byte takes three at most, and every 25th of those the three of a soft line break.
        [UInt8](unsafeUninitializedCapacity: text.count * 4 + 8) { room, count in
            var writer = QuotedWriter(room: room)
            for byte in text { writer.put(byte) }
            count = writer.finish()
        }
    }

    /// Lines of 76 characters, all of them with CRLF.
    static func appendBase64(_ bytes: UnsafeBufferPointer<UInt8>, to wire: inout [UInt8]) {
        wire += [UInt8](unsafeUninitializedCapacity: (bytes.count + 56) / 57 * 78) { room, count in
            var at = 0
            while at < bytes.count {
                let end = min(bytes.count, at + 57)
                while at + 3 <= end {
                    let three = UInt32(bytes[at]) << 16 | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2])
                    for place in 0..<4 { room[count + place] = digit(three >> UInt32(18 - 6 * place)) }
                    count += 4
                    at += 3
                }
                if at < end {
                    let isPair = at + 1 < end
                    let three = UInt32(bytes[at]) << 16 | (isPair ? UInt32(bytes[at + 1]) << 8 : 0)
                    room[count] = digit(three >> 18)
                    room[count + 1] = digit(three >> 12)
                    room[count + 2] = isPair ? digit(three >> 6) : UInt8(ascii: "=")
                    room[count + 3] = UInt8(ascii: "=")
                    count += 4
                    at = end
                }
                room[count] = UInt8(ascii: "\r")
                room[count + 1] = UInt8(ascii: "\n")
                count += 2
            }
        }
    }

    private static func digit(_ value: UInt32) -> UInt8 {
        switch UInt8(truncatingIfNeeded: value & 63) {
        case let value where value < 26: UInt8(ascii: "A") + value
        case let value where value < 52: UInt8(ascii: "a") + value - 26
        case let value where value < 62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}

/// Writes quoted-printable a byte at a time.
private struct QuotedWriter {
    private let room: UnsafeMutableBufferPointer<UInt8>
    private var count = 0
    /// How many characters stand on the line.
    private var column = 0
    /// A blank that is put out as it is if more follows on its line.
    private var blank: UInt8?

    init(room: UnsafeMutableBufferPointer<UInt8>) { self.room = room }

    mutating func put(_ byte: UInt8) {
        if byte == UInt8(ascii: "\n") {
            endBlank()
            putRaw(UInt8(ascii: "\r"))
            putRaw(byte)
            column = 0
            return
        }
        if let blank {
            putRaw(blank)
            column += 1
            self.blank = nil
        }
        if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
            breakLine(after: 74)
            blank = byte
        } else if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "=") {
            breakLine(after: 74)
            putRaw(byte)
            column += 1
        } else {
            breakLine(after: 72)
            putEscaped(byte)
            column += 3
        }
    }

    /// - Returns: How many bytes were written.
    mutating func finish() -> Int {
        if blank != nil {
            endBlank()
            // A soft line break, so that nothing can strip what stands before it.
            column = .max
            breakLine(after: 0)
        }
        return count
    }

    private mutating func endBlank() {
        if let blank { putEscaped(blank) }
        blank = nil
    }

    private mutating func breakLine(after limit: Int) {
        guard column > limit else { return }
        putRaw(UInt8(ascii: "="))
        putRaw(UInt8(ascii: "\r"))
        putRaw(UInt8(ascii: "\n"))
        column = 0
    }

    private mutating func putEscaped(_ byte: UInt8) {
        putRaw(UInt8(ascii: "="))
        putRaw(Self.hexDigit(byte >> 4))
        putRaw(Self.hexDigit(byte & 15))
    }

    private mutating func putRaw(_ byte: UInt8) {
        room[count] = byte
        count += 1
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
