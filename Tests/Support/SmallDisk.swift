import Foundation

/// A small disk, mounted for one test.
package final class SmallDisk: Sendable {
    package let folder: TemporaryFolder

    /// `nil`, and a line that says why, where the system does not let us mount.
    package init?(kilobytes: Int) throws {
        folder = try TemporaryFolder()
        do {
            try Self.run(["mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", folder.path])
        } catch let error as Trouble {
            print("skipped: no disk of our own. \(error)")
            return nil
        }
    }

    /// - Returns: Whether the system let us.
    package func remount(_ options: String) throws -> Bool {
        do {
            try Self.run(["mount", "-o", "remount,\(options)", folder.path])
            return true
        } catch is Trouble {
            return false
        }
    }

    /// Leaves no room for another byte.
    package func fill() throws {
        let path = folder.url.appending(path: "filling").path
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path) else {
            throw Trouble("Cannot make \(path).")
        }
        defer { file.closeFile() }
        var piece = Data(count: 4096)
        while !piece.isEmpty {
            do { try file.write(contentsOf: piece) } catch { piece = piece.dropLast(max(1, piece.count / 2)) }
        }
    }

    /// Makes room again after ``fill()``.
    package func clear() throws { try FileManager.default.removeItem(at: folder.url.appending(path: "filling")) }

    package func grow(to megabytes: Int) throws { try Self.run(["mount", "-o", "remount,size=\(megabytes)m", folder.path]) }

    deinit {
        do {
            try Self.run(["umount", "-l", folder.path])
        } catch {
            print("A small disk stays mounted at \(folder.path): \(error)")
        }
    }

    private static func run(_ command: [String]) throws { try ChildProcess.run("/usr/bin/env", command) }
}
