import Foundation
import NIOCore

/// A message as it goes on the wire after 354.
///
/// The only line ends are CRLF, no line is longer than RFC 5321 allows, and a line that begins with a dot begins with two: so no
/// sequence of bytes in it can be taken for the end, however a server reads line ends. What would need repair is refused instead,
/// because repair would break a signature.
struct SMTPMessage: Sendable {
    static let longestLine = 998

    /// ``wire`` and the dot that ends the message.
    let ended: ByteBuffer
    /// In bytes, as SIZE counts them (RFC 1870 section 6): before stuffing.
    let size: Int
    let isEightBit: Bool
    /// Whether there are bytes over 127 before the first empty line: then it needs SMTPUTF8.
    let hasInternationalHeaders: Bool

    init(_ bytes: [UInt8]) throws(SMTPObstacle) {
        let dotted = try Self.check(bytes)
        let isComplete = bytes.isEmpty || bytes.last == UInt8(ascii: "\n")
        var wire = ByteBufferAllocator().buffer(capacity: bytes.count + dotted.count + 8)
        var from = 0
        for dot in dotted {
            wire.writeBytes(bytes[from..<dot])
            wire.writeInteger(UInt8(ascii: "."))
            from = dot
        }
        wire.writeBytes(bytes[from...])
        if !isComplete { wire.writeStaticString("\r\n") }
        wire.writeStaticString(Self.end)
        ended = wire
        size = bytes.count + (isComplete ? 0 : 2)
        isEightBit = Self.hasHighBit(bytes)
        hasInternationalHeaders = isEightBit && Self.hasEightBitHeader(bytes)
    }

    static let end: StaticString = ".\r\n"

    /// Dots stuffed; ends with CRLF unless empty.
    var wire: ByteBuffer {
        var wire = ended
        wire.moveWriterIndex(to: ended.writerIndex - Self.end.utf8CodeUnitCount)
        return wire
    }

    /// Where the lines begin that begin with a dot.
    private static func check(_ bytes: [UInt8]) throws(SMTPObstacle) -> [Int] {
        var dotted: [Int] = []
        var complaint: String?
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            func find(_ byte: UInt8, from start: Int, to end: Int) -> Int? {
                guard end > start, let found = memchr(base + start, Int32(byte), end - start) else { return nil }
                return UnsafeRawPointer(found) - base
            }
            let hasNull = find(0, from: 0, to: bytes.count) != nil
            var start = 0
            while start < bytes.count {
                let feed = find(UInt8(ascii: "\n"), from: start, to: bytes.count)
                let next = feed.map { $0 + 1 } ?? bytes.count
                let end = feed.map { $0 - 1 } ?? bytes.count
                if let feed, feed == start || bytes[feed - 1] != UInt8(ascii: "\r") {
                    complaint = "byte \(feed) is a line feed without a carriage return"
                } else if let lone = find(UInt8(ascii: "\r"), from: start, to: end) {
                    complaint = "byte \(lone) is a carriage return without a line feed"
                } else if hasNull, let null = find(0, from: start, to: end) {
                    complaint = "byte \(null) is a NUL"
                } else if end - start > longestLine {
                    complaint = "the line at byte \(start) is longer than \(longestLine) bytes"
                }
                guard complaint == nil else { return }
                if bytes[start] == UInt8(ascii: ".") { dotted.append(start) }
                start = next
            }
        }
        if let complaint { throw .unfitMessage(complaint) }
        return dotted
    }

    /// Eight at a time.
    private static func hasHighBit(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var at = 0
            while at + 8 <= bytes.count {
                if bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 { return true }
                at += 8
            }
            return bytes[at...].contains { $0 >= 0x80 }
        }
    }

    private static func hasEightBitHeader(_ bytes: [UInt8]) -> Bool {
        var atLineStart = true
        for byte in bytes {
            if byte >= 0x80 { return true }
            if atLineStart, byte == UInt8(ascii: "\r") { return false }
            atLineStart = byte == UInt8(ascii: "\n")
        }
        return false
    }
}
