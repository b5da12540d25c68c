import Foundation
import Logging
import Mail
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// A folder of messages as Maildir has them: written to `tmp`, moved to `new` when complete. Several senders may share one.
final class Maildir: Sendable {
    private let folder: URL
    /// The most messages kept; the oldest go first.
    private let capacity: Int
    private let host: String
    private let written = Mutex(0)

    /// - Throws: where the folders cannot be made.
    init(at folder: URL, capacity: Int, host: String) throws {
        self.folder = folder
        self.capacity = capacity
        self.host = host.map { $0.isASCII && ($0.isLetter || $0.isNumber || ".-".contains($0)) ? $0 : "-" }.reduce(into: "") {
            $0.append($1)
        }
        for name in ["tmp", "new", "cur"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
    }

    /// Why something cannot be kept or read, in words.
    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ action: String, _ path: String, _ code: Int32) {
            description = "Cannot \(action) \(path): \(String(cString: strerror(code)))."
        }
    }

    /// A message being written; nobody sees it yet.
    struct Draft: Sendable {
        fileprivate let name: String
    }

    /// Writes a message to disk, complete but out of sight.
    func write(_ bytes: [UInt8], at now: Timestamp) async throws -> Draft {
        let number = written.withLock { count in
            count += 1
            return count
        }
        let micros = now.microseconds - now.seconds * 1_000_000
        let name = "\(now.seconds).M\(micros)P\(getpid())Q\(number).\(host)"
        let path = path("tmp", name)
        try await NIOThreadPool.singleton.runIfActive { try Self.save(bytes, to: path) }
        return Draft(name: name)
    }

    /// Makes a message visible, durably. Returns its name.
    func show(_ draft: Draft) async throws -> String {
        let (from, to, new) = (path("tmp", draft.name), path("new", draft.name), folder.appendingPathComponent("new").path)
        let isTimeToTidy = written.withLock { $0 % 64 == 1 }
        try await NIOThreadPool.singleton.runIfActive {
            guard rename(from, to) == 0 else { throw Failure("move", from, errno) }
            try Self.saveFolder(new)
            if isTimeToTidy { try self.tidy() }
        }
        return draft.name
    }

    /// Forgets a draft.
    func discard(_ draft: Draft) async throws {
        let path = path("tmp", draft.name)
        try await NIOThreadPool.singleton.runIfActive {
            guard unlink(path) == 0 || errno == ENOENT else { throw Failure("delete", path, errno) }
        }
    }

    /// The names of all messages, oldest first.
    func names() async throws -> [String] { try await NIOThreadPool.singleton.runIfActive { try self.list() } }

    /// A message's bytes, at most the first `limit`; `nil` where it is gone.
    /// - Parameter name: One of ``names()``.
    func read(_ name: String, upTo limit: Int = .max) async throws -> [UInt8]? {
        let path = path("new", name)
        return try await NIOThreadPool.singleton.runIfActive {
            guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
            defer { handle.closeFile() }
            return [UInt8](try handle.read(upToCount: limit) ?? Data())
        }
    }

    // MARK: - On the thread pool

    private func list() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("new").path)
        return names.map { (Self.order(of: $0), $0) }.sorted { $0 < $1 }.map(\.1)
    }

    private func tidy() throws {
        for name in try list().dropLast(capacity) {
            let path = path("new", name)
            // Another sender may tidy at the same time.
            guard unlink(path) == 0 || errno == ENOENT else { throw Failure("delete", path, errno) }
        }
    }

    /// When a message was kept, in microseconds, as its name tells.
    static func order(of name: String) -> Int64 {
        let parts = name.split(separator: ".", maxSplits: 2)
        guard parts.count > 1, let seconds = Int64(parts[0]), seconds < 1 << 40, parts[1].first == "M" else { return 0 }
        return seconds * 1_000_000 + (Int64(parts[1].dropFirst().prefix { $0.isASCII && $0.isNumber }) ?? 0)
    }

    private func path(_ part: String, _ name: String) -> String {
        folder.appendingPathComponent(part).appendingPathComponent(name).path
    }

    private static func save(_ bytes: [UInt8], to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("make", path, errno) }
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { Glibc.write(descriptor, $0 + done, bytes.count - done) } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure("write", path, errno) }
            done += count
        }
        guard fsync(descriptor) == 0 else { throw Failure("save", path, errno) }
    }

    private static func saveFolder(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("save", path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Failure("save", path, errno) }
    }
}
