import Foundation
import Support

/// Debian's Python, as an oracle.
enum Python {
    /// Runs a script and reads the whole numbers that it prints, line by line.
    static func run(_ script: String, _ arguments: String...) throws -> [[Int64]] {
        let data = try ChildProcess.run("/usr/bin/python3", ["-c", script] + arguments)
        return data.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: " ")).compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
        }
    }
}
