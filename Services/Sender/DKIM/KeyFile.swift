import Foundation

/// A file that holds a private key and is nobody's but its owner's.
enum KeyFile {
    private static let largest = 64 * 1024

    /// The file's text.
    /// - Throws: ``DKIMKey/Unfit`` where others may read or write it or it cannot be a key.
    static func read(_ file: URL) throws(DKIMKey.Unfit) -> String {
        let descriptor = open(file.path(percentEncoded: false), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw DKIMKey.Unfit(reason: "cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        // Of the file that was opened, not of one that may have taken its place.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw DKIMKey.Unfit(reason: "is no file")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw DKIMKey.Unfit(
                reason: "has the mode 0\(mode), so others than its owner may use it; run: chmod 600 \(file.lastPathComponent)")
        }
        guard status.st_size <= largest else { throw DKIMKey.Unfit(reason: "has more than \(largest) bytes; a key is short") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        do {
            return String(decoding: try handle.read(upToCount: largest) ?? Data(), as: UTF8.self)
        } catch {
            throw DKIMKey.Unfit(reason: "cannot be read: \(error)")
        }
    }

    /// Writes a new file that its owner alone may read, and the folders it is in.
    /// - Throws: ``DKIMKey/Unfit`` where there is one already or it cannot be written.
    static func write(_ text: String, to file: URL) throws(DKIMKey.Unfit) {
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw DKIMKey.Unfit(reason: "is in a folder that can be neither found nor made")
        }
        let descriptor = open(file.path(percentEncoded: false), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw DKIMKey.Unfit(
                reason: errno == EEXIST
                    ? "is there already; choose another selector, or print its record with --show"
                    : "cannot be written: \(String(cString: strerror(errno)))")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            try handle.synchronize()
            try handle.close()
        } catch {
            throw DKIMKey.Unfit(reason: "cannot be written: \(error)")
        }
    }
}
