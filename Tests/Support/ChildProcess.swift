package import Foundation
import Synchronization

/// A program that a test runs: what it prints kept or in a file, its end awaited with a deadline.
package final class ChildProcess: Sendable {
    /// Where what it prints goes.
    package enum Output: Sendable {
        case nowhere
        /// Appended.
        case file(String)
        /// Kept; see ``finish()``.
        case kept
    }

    package let id: pid_t
    /// What it reads from standard input, where that was asked for.
    package let input: FileHandle?
    private let output: FileHandle?
    private let ending = Mutex<Int32?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    /// Starts the program.
    /// - Parameters:
    ///   - program: An absolute path.
    ///   - environment: The whole of it.
    ///   - isFed: Whether `input` is to be written to; otherwise it reads nothing.
    package init(
        _ program: String, _ arguments: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment,
        isFed: Bool = false, output: Output = .nowhere, errors: Output? = nil
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var toClose: [Int32] = []
        defer { for descriptor in toClose { Glibc.close(descriptor) } }

        if isFed {
            let (reading, writing) = try Self.starting.withLock { _ in try Self.pipe() }
            posix_spawn_file_actions_adddup2(&actions, reading, 0)
            toClose.append(reading)
            input = FileHandle(fileDescriptor: writing, closeOnDealloc: true)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            input = nil
        }
        var kept: FileHandle?
        for (descriptor, where_) in [(Int32(1), output), (2, errors ?? output)] {
            switch where_ {
            case .nowhere: posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
            case .file(let path):
                posix_spawn_file_actions_addopen(&actions, descriptor, path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            case .kept where descriptor == 2 && errors == nil: posix_spawn_file_actions_adddup2(&actions, 1, 2)
            case .kept:
                let (reading, writing) = try Self.starting.withLock { _ in try Self.pipe() }
                posix_spawn_file_actions_adddup2(&actions, writing, descriptor)
                toClose.append(writing)
                kept = FileHandle(fileDescriptor: reading, closeOnDealloc: true)
            }
        }
        self.output = kept

        // Sockets of this process are no business of the child: an inherited one would stay open when we close it.
        guard let closing = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else {
            throw Trouble("This C library cannot start a program without our descriptors; glibc 2.34 can.")
        }
        _ = unsafeBitCast(closing, to: CloseFrom.self)(&actions, 3)

        var words = ([program] + arguments).map { strdup($0) } + [nil]
        var settings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + settings { free(text) } }
        let (child, status) = Self.starting.withLock { _ in
            var child = pid_t()
            let status = posix_spawn(&child, program, &actions, nil, &words, &settings)
            return (child, status)
        }
        guard status == 0 else { throw Trouble("\(program) cannot be started: \(String(cString: strerror(status)))") }
        id = child
        Thread.detachNewThread { [self] in
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            // As a shell counts it: 128 and the signal for one that was killed.
            let result = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
            ending.withLock { $0 = result }
            ended.signal()
        }
    }

    /// Runs a short program to its end, blocking the calling thread.
    /// - Throws: ``Trouble`` with what it printed, where its status is not 0.
    @discardableResult
    package static func run(_ program: String, _ arguments: [String]) throws -> Data {
        let process = try ChildProcess(program, arguments, output: .kept)
        let printed = try process.output?.readToEnd() ?? Data()
        process.ended.wait()
        guard process.status == 0 else {
            throw Trouble("\(program) ended with status \(process.status ?? -1): \(String(decoding: printed, as: UTF8.self))")
        }
        return printed
    }

    /// Swift's view of glibc lacks this function: it is an extension.
    private typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32

    /// Held from the making of a pipe until its ends are close-on-exec, and while a program is started: no other child inherits it.
    private static let starting = Mutex(())

    private static func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw Trouble("No pipe can be made: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    package var isRunning: Bool { ending.withLock { $0 == nil } }

    /// Its exit status, 128 and more for one that a signal ended; `nil` while it runs.
    package var status: Int32? { ending.withLock { $0 } }

    /// Signals it, unless it has ended.
    package func signal(_ signal: Int32) { ending.withLock { if $0 == nil { _ = Glibc.kill(id, signal) } } }

    /// Waits until it has ended.
    /// - Returns: Its exit status, and what it printed where that is kept.
    package func finish(within limit: Duration = .seconds(120)) async throws -> (status: Int32, output: Data) {
        let printed = try await onThread { [output] in try output?.readToEnd() ?? Data() }
        try await eventually(within: limit, "process \(id) has ended") { !isRunning }
        return (status ?? 0, printed)
    }
}
