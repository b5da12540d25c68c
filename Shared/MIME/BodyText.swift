import Foundation
import Synchronization

/// A text on its way into a message: lines that are prepared for many messages, and what stands between them in this one.
package struct BodyText: Sendable {
    private enum Run {
        case prepared(PreparedLines)
        /// A place in `loose`.
        case loose(Range<Int>)
    }

    private var runs: [Run] = []
    /// What is not prepared, with line feeds only.
    private var loose: [UInt8] = []
    private var measure = TextMeasure()

    package init(_ text: String) {
        self.init { body in body.append { $0 += text.utf8 } }
    }

    init(_ build: (inout BodyText) -> Void) { build(&self) }

    /// Adds whole lines, at the beginning of a line.
    mutating func append(_ lines: PreparedLines) {
        runs.append(.prepared(lines))
        measure.add(lines.measure)
    }

    /// Adds whole lines, of which the last may lack its end if nothing follows, from the beginning of a line.
    mutating func append(_ write: (inout [UInt8]) -> Void) {
        let start = loose.count
        write(&loose)
        LineFeeds.normalize(&loose, from: start)
        guard loose.count > start else { return }
        runs.append(.loose(start..<loose.count))
        loose.withUnsafeBufferPointer { measure.add(UnsafeBufferPointer(rebasing: $0[start...])) }
    }

    /// 7bit for short ASCII lines, base64 where most is not ASCII, quoted-printable between.
    var encoding: TransferEncoding {
        if measure.beyond == 0, measure.longest <= 900 { return .sevenBit }
        return measure.beyond * 6 > measure.count ? .base64 : .quotedPrintable
    }

    /// Adds the text as it stands in a message, with CRLF.
    func append(to wire: inout [UInt8], as encoding: TransferEncoding) {
        guard encoding != .base64 else {
            return plain.withUnsafeBufferPointer { TransferEncoding.appendBase64($0, to: &wire) }
        }
        for run in runs {
            switch run {
            case .prepared(let lines): wire += encoding == .sevenBit ? lines.wire : lines.quotedPrintable
            case .loose(let range):
                loose.withUnsafeBufferPointer { loose in
                    let text = UnsafeBufferPointer(rebasing: loose[range])
                    if encoding == .sevenBit {
                        LineFeeds.append(text, to: &wire)
                    } else {
                        wire += TransferEncoding.quotedPrintable(text)
                    }
                }
            }
        }
    }

    /// About the bytes that it takes in a message.
    var size: Int { measure.count * 5 / 4 }

    /// All of it, with line feeds only.
    private var plain: [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(measure.count)
        for run in runs {
            switch run {
            case .prepared(let lines): plain += lines.wire.lazy.filter { $0 != UInt8(ascii: "\r") }
            case .loose(let range): plain += loose[range]
            }
        }
        return plain
    }
}

/// Whole lines that stand in many messages: how they look in one is worked out once.
final class PreparedLines: Sendable {
    /// With CRLF, and no other carriage return.
    let wire: [UInt8]
    let measure: TextMeasure
    private let encoded = Mutex<[UInt8]?>(nil)

    /// - Parameter text: Ends with a line feed.
    init(_ text: some Sequence<UInt8>) {
        var bytes = Array(text)
        LineFeeds.normalize(&bytes, from: 0)
        var measure = TextMeasure()
        var wire: [UInt8] = []
        bytes.withUnsafeBufferPointer {
            measure.add($0)
            LineFeeds.append($0, to: &wire)
        }
        self.measure = measure
        self.wire = wire
    }

    var quotedPrintable: [UInt8] {
        encoded.withLock { encoded in
            if let encoded { return encoded }
            let plain = wire.filter { $0 != UInt8(ascii: "\r") }
            // A copy, without the room that was left.
            let made = Array(plain.withUnsafeBufferPointer(TransferEncoding.quotedPrintable)[...])
            encoded = made
            return made
        }
    }
}

/// What decides how a text is encoded.
struct TextMeasure {
    /// With line feeds only.
    private(set) var count = 0
    /// Bytes beyond ASCII, and NUL.
    private(set) var beyond = 0
    /// The longest line.
    private(set) var longest = 0

    /// Adds whole lines.
    mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
        var from = 0
        while let feed = text.first("\n", from: from) {
            longest = max(longest, feed - from)
            from = feed + 1
        }
        longest = max(longest, text.count - from)
        count += text.count
        // Zero becomes 255, so that one comparison does: many bytes are compared at once.
        for byte in text { beyond += byte &- 1 >= 0x7F ? 1 : 0 }
    }

    mutating func add(_ other: TextMeasure) {
        count += other.count
        beyond += other.beyond
        longest = max(longest, other.longest)
    }
}

/// Line ends: line feeds within, CRLF on the wire; a lone carriage return must not reach it.
enum LineFeeds {
    /// Makes one line feed of each line end, whatever it was, from `start` on.
    static func normalize(_ text: inout [UInt8], from start: Int) {
        guard var kept = text.withUnsafeBufferPointer({ $0.first("\r", from: start) }) else { return }
        var wasReturn = false
        for at in kept..<text.count {
            let byte = text[at]
            let isReturn = byte == UInt8(ascii: "\r")
            if isReturn || !(wasReturn && byte == UInt8(ascii: "\n")) {
                text[kept] = isReturn ? UInt8(ascii: "\n") : byte
                kept += 1
            }
            wasReturn = isReturn
        }
        text.removeSubrange(kept...)
    }

    /// Adds a text that has line feeds only, with CRLF.
    static func append(_ text: UnsafeBufferPointer<UInt8>, to wire: inout [UInt8]) {
        var from = 0
        while let feed = text.first("\n", from: from) {
            wire += UnsafeBufferPointer(rebasing: text[from..<feed])
            wire.append(UInt8(ascii: "\r"))
            wire.append(UInt8(ascii: "\n"))
            from = feed + 1
        }
        wire += UnsafeBufferPointer(rebasing: text[from...])
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The place of the first such byte, from `start` on.
    fileprivate func first(_ byte: Unicode.Scalar, from start: Int) -> Int? {
        guard let baseAddress, start < count,
            let found = memchr(baseAddress + start, Int32(byte.value), count - start)
        else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(baseAddress)
    }
}
