import Foundation
import Mail
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Why a journal cannot be kept, in words for the operator.
struct JournalError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ action: String, _ path: String, _ code: Int32) {
        description = "Cannot \(action) the journal \(path): \(String(cString: strerror(code))). No mail is sent without it."
    }
}

/// An open journal file, locked for as long as it is open: whoever can take the lock knows that the sender which wrote it is dead.
final class JournalFile: Sendable {
    let path: String
    private let descriptor: Int32
    private let length: Mutex<Int>

    private init(path: String, descriptor: Int32, size: Int) {
        self.path = path
        self.descriptor = descriptor
        length = Mutex(size)
    }

    /// In bytes.
    var size: Int { length.withLock { $0 } }

    deinit { close(descriptor) }

    static func name(of session: SessionID) -> String { "journal-\(session).log" }

    /// The session that a file's name tells, or `nil` where it is no journal.
    static func session(ofName name: String) -> SessionID? {
        guard name.hasPrefix("journal-"), name.hasSuffix(".log") else { return nil }
        return SessionID(name.dropFirst("journal-".count).dropLast(".log".count))
    }

    /// Makes the file with `records` in it, or puts a new one in the place of the old. It is locked before it gets its name,
    /// so that no one takes it for a dead sender's.
    static func make(at path: String, with records: [JournalRecord]) throws -> JournalFile {
        let draft = path + ".new"
        let descriptor = open(draft, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw JournalError("make", draft, errno) }
        let file = JournalFile(path: path, descriptor: descriptor, size: 0)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw JournalError("lock", draft, errno) }
        try file.append(records)
        try file.sync()
        guard rename(draft, path) == 0 else { throw JournalError("name", path, errno) }
        try syncFolder(of: path)
        return file
    }

    /// Opens the journal of a sender that is dead; `nil` where it lives or someone else already deals with it.
    static func adopt(at path: String) throws -> JournalFile? {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw JournalError("open", path, errno) }
            return nil
        }
        var held = stat()
        let file = JournalFile(path: path, descriptor: descriptor, size: fstat(descriptor, &held) == 0 ? Int(held.st_size) : 0)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw JournalError("lock", path, errno) }
            return nil
        }
        // Between opening and locking its owner may have put another file in its place, or someone dealt with it and deleted it.
        var named = stat()
        guard stat(path, &named) == 0, named.st_ino == held.st_ino, named.st_dev == held.st_dev else { return nil }
        return file
    }

    /// Everything that was written.
    func read() throws -> Data {
        let size = size
        var bytes = Data(count: size)
        var filled = 0
        while filled < size {
            let count = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { pread(descriptor, $0 + filled, size - filled, off_t(filled)) } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw JournalError("read", path, errno) }
            guard count > 0 else { break }
            filled += count
        }
        return bytes.prefix(filled)
    }

    func append(_ records: [JournalRecord]) throws {
        guard !records.isEmpty else { return }
        let size = size
        var bytes: [UInt8] = []
        for record in records { try record.append(to: &bytes) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { pwrite(descriptor, $0 + written, bytes.count - written, off_t(size + written)) } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw JournalError("write", path, errno) }
            written += count
        }
        length.withLock { $0 += written }
    }

    func sync() throws {
        guard fdatasync(descriptor) == 0 else { throw JournalError("save", path, errno) }
    }

    func delete() throws {
        guard unlink(path) == 0 else { throw JournalError("delete", path, errno) }
    }

    /// Keeps the file as evidence under a name that no sender reads.
    func setAside() throws {
        guard rename(path, path + ".damaged") == 0 else { throw JournalError("set aside", path, errno) }
    }

    private static func syncFolder(of path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw JournalError("save the folder of", path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw JournalError("save the folder of", path, errno) }
    }
}
