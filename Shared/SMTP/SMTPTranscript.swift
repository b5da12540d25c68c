import Foundation

/// What was said on a connection while one message was sent: who, when, what, with secrets masked and the message's bytes left out.
package struct SMTPTranscript: Sendable, Hashable {
    package enum Direction: Sendable, Hashable {
        case sent, received
        /// A remark of our own.
        case note
    }

    package struct Line: Sendable, Hashable {
        /// Microseconds since 1970 UTC.
        package var at: Int64
        package var direction: Direction
        package var text: String
    }

    /// The longest that ``description`` gets, in bytes.
    package static let longest = 16 * 1024
    /// The longest that one line gets, in bytes.
    static let longestLine = 1024
    /// The most lines that are kept before the middle is left out.
    static let mostLines = 512

    /// The server's address and port, once connected.
    package internal(set) var peer: String?
    /// Such as `TLSv1.3`; `nil` for plain text.
    package internal(set) var tlsVersion: String?
    /// Such as `TLS_AES_128_GCM_SHA256`.
    package internal(set) var cipher: String?
    package private(set) var lines: [Line] = []
    /// How many lines were left out after the first half of ``lines``.
    private var leftOut = 0

    package init() {}

    mutating func append(_ direction: Direction, _ text: String, at: Int64 = Self.now()) {
        let isShort = text.utf8.count <= Self.longestLine
        let cut = isShort ? text : String(decoding: text.utf8.prefix(Self.longestLine), as: UTF8.self) + "…"
        if lines.count == Self.mostLines {
            lines.remove(at: Self.mostLines / 2)
            leftOut += 1
        }
        lines.append(Line(at: at, direction: direction, text: cut))
    }

    /// Adds a remark of our own.
    package mutating func note(_ text: String) {
        append(.note, text)
    }

    /// This conversation as the continuation of an earlier one; the peer and its protection are this one's.
    package func following(_ earlier: SMTPTranscript) -> SMTPTranscript {
        guard !earlier.lines.isEmpty else { return self }
        var whole = self
        whole.lines = earlier.lines
        whole.leftOut = earlier.leftOut
        for line in lines { whole.append(line.direction, line.text, at: line.at) }
        whole.leftOut += leftOut
        return whole
    }

    mutating func removeLines() {
        lines.removeAll()
        leftOut = 0
    }

    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

extension SMTPTranscript: CustomStringConvertible {
    /// One line each: the time of day in UTC, `>` sent, `<` received or `*` remarked, and the text. The first line says the day, the
    /// peer and how the connection is protected. Of a long conversation the middle is left out.
    package var description: String {
        let protection = tlsVersion.map { version in cipher.map { "\(version), \($0)" } ?? version } ?? "plain text"
        let server = peer.map { "\($0), \(protection)" } ?? "not connected"
        let day = lines.first.map { Self.day(of: $0.at) } ?? ""
        var head = [UInt8]()
        head += "# \(day) UTC, \(server)\n".utf8
        var bytes = head
        var ends: [Int] = []
        for (index, line) in lines.enumerated() {
            if leftOut > 0, index == Self.mostLines / 2 { bytes += "* \(leftOut) lines left out\n".utf8 }
            Self.write(line, to: &bytes)
            ends.append(bytes.count)
        }
        guard bytes.count > Self.longest else { return String(decoding: bytes, as: UTF8.self) }
        let first = ends.prefix { $0 <= Self.longest / 2 }
        let last = ends.drop { bytes.count - $0 > Self.longest / 2 - 64 }
        let middle = "* \(ends.count - first.count - last.count + 1) lines left out\n"
        let tail = bytes[(last.first ?? bytes.count)...]
        return String(decoding: bytes[..<(first.last ?? head.count)] + middle.utf8 + tail, as: UTF8.self)
    }

    private static func write(_ line: Line, to bytes: inout [UInt8]) {
        let ofDay = ((line.at % 86_400_000_000) + 86_400_000_000) % 86_400_000_000
        let second = ofDay / 1_000_000
        append(second / 3600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(second / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        append(second % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        append(ofDay % 1_000_000, digits: 6, to: &bytes)
        switch line.direction {
        case .sent: bytes += " > ".utf8
        case .received: bytes += " < ".utf8
        case .note: bytes += " * ".utf8
        }
        bytes += line.text.utf8
        bytes.append(UInt8(ascii: "\n"))
    }

    private static func append(_ number: Int64, digits: Int, to bytes: inout [UInt8]) {
        var power: Int64 = 1
        for _ in 1..<digits { power *= 10 }
        while power > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / power % 10))
            power /= 10
        }
    }

    private static func day(of time: Int64) -> String {
        var seconds = time_t(time / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return
            "\(parts.tm_year + 1900)-\(parts.tm_mon < 9 ? "0" : "")\(parts.tm_mon + 1)-\(parts.tm_mday < 10 ? "0" : "")\(parts.tm_mday)"
    }
}
