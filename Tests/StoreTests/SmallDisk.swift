import Foundation
import Support

/// A disk of a few megabytes, mounted for one test.
final class SmallDisk {
    let folder: TemporaryFolder

    /// `nil`, and a line that says why, where the system does not let us mount.
    init?(megabytes: Int) throws {
        folder = try TemporaryFolder()
        do {
            try Self.run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", folder.path])
        } catch let error as Trouble {
            print("skipped: no disk of our own. \(error)")
            return nil
        }
    }

    /// - Returns: Whether the system let us.
    func remount(_ options: String) throws -> Bool {
        do {
            try Self.run(["mount", "-o", "remount,\(options)", folder.path])
            return true
        } catch is Trouble {
            return false
        }
    }

    func grow(to megabytes: Int) throws { try Self.run(["mount", "-o", "remount,size=\(megabytes)m", folder.path]) }

    deinit {
        do {
            try Self.run(["umount", "-l", folder.path])
        } catch {
            print("A small disk stays mounted at \(folder.path): \(error)")
        }
    }

    private static func run(_ command: [String]) throws { try ChildProcess.run("/usr/bin/env", command) }
}
