import Foundation

/// The lines of a file or pipe, as text; bytes that are not UTF-8 become U+FFFD.
struct LineReader {
    /// A line longer than this goes on after it unread.
    static let longest = 64 * 1024

    private let file: FileHandle
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    init(_ file: FileHandle) {
        self.file = file
    }

    /// - Returns: The next line without its end, or `nil` after the last.
    mutating func next() throws -> String? {
        var line: [UInt8] = []
        var hasLine = false
        while true {
            if position == buffer.count {
                if !isAtEnd {
                    buffer = [UInt8](try file.read(upToCount: 64 * 1024) ?? Data())
                    position = 0
                    isAtEnd = buffer.isEmpty
                }
                if isAtEnd { return hasLine ? text(line) : nil }
            }
            hasLine = true
            let end = buffer[position...].firstIndex(of: UInt8(ascii: "\n"))
            line += buffer[position..<(end ?? buffer.endIndex)].prefix(max(0, Self.longest - line.count))
            position = end.map { $0 + 1 } ?? buffer.endIndex
            if end != nil { return text(line) }
        }
    }

    private func text(_ line: [UInt8]) -> String {
        String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...], as: UTF8.self)
    }
}
