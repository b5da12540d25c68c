import Foundation
import Support

/// A disk of a few megabytes, mounted for one test.
final class SmallDisk {
    let folder: TemporaryFolder

    /// `nil`, and a line that says why, where the system does not let us mount.
    init?(megabytes: Int) throws {
        folder = try TemporaryFolder()
        let output = try Self.run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", folder.path])
        guard output.status == 0 else {
            print("skipped: no disk of our own, because mount says: \(output.text)")
            return nil
        }
    }

    func grow(to megabytes: Int) throws { _ = try remount("size=\(megabytes)m") }

    func remount(_ options: String) throws -> Bool {
        try Self.run(["mount", "-o", "remount,\(options)", folder.path]).status == 0
    }

    deinit {
        do {
            _ = try Self.run(["umount", "-l", folder.path])
        } catch {
            print("A small disk stays mounted at \(folder.path): \(error)")
        }
    }

    private static func run(_ command: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
