import Foundation

/// The lock that keeps a second process off a file, for as long as it lives. The system lets go of it when the process dies.
final class StoreLock: Sendable {
    private let descriptor: Int32

    /// - Parameter path: The store's path; the lock stands beside it, `.lock` in place of `.sqlite`.
    init(for path: String) throws(StoreError) {
        let lock = URL(filePath: path).deletingPathExtension().path(percentEncoded: false) + ".lock"
        descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
        // A moment of patience: a process that has just died may not be gone yet, and one that was just forked holds our old
        // descriptors until it runs its own program.
        let deadline = ContinuousClock.now + .seconds(1)
        var status = flock(descriptor, LOCK_EX | LOCK_NB)
        while status != 0, errno == EWOULDBLOCK, ContinuousClock.now < deadline {
            usleep(20_000)
            status = flock(descriptor, LOCK_EX | LOCK_NB)
        }
        guard status == 0 else {
            let code = errno
            Foundation.close(descriptor)
            throw code == EWOULDBLOCK ? .inUse(path: path) : .unwritable(path: path, reason: String(cString: strerror(code)))
        }
    }

    deinit { Foundation.close(descriptor) }
}
