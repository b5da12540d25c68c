import Foundation

/// Debian's Python, as an oracle.
enum Python {
    struct Failure: Error {
        let status: Int32
    }

    /// Runs a script and reads the whole numbers that it prints, line by line.
    static func run(_ script: String, _ arguments: String...) throws -> [[Int64]] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["-c", script] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus) }
        return data.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: " ")).compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
        }
    }
}
