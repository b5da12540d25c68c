import Foundation
import Support

/// Another program, because only another program can hold another program's locks and die its own death. Ends with its last reference.
final class Python: Sendable {
    private let process: ChildProcess
    private let folder: TemporaryFolder
    private let printed: URL

    /// - Parameter script: Its arguments are in `sys.argv`, from 1.
    init(_ script: String, _ arguments: [String]) throws {
        folder = try TemporaryFolder()
        printed = folder.url.appending(path: "printed")
        try Data().write(to: printed)
        process = try ChildProcess(
            "/usr/bin/python3", ["-u", "-c", script] + arguments, isFed: true, output: .file(printed.path(percentEncoded: false)))
    }

    /// The whole lines that it has printed so far.
    var lines: [String] {
        get throws {
            try String(contentsOf: printed, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .map(String.init)
        }
    }

    func say(_ line: String) throws { try process.input?.write(contentsOf: Data((line + "\n").utf8)) }

    func kill() { process.signal(SIGKILL) }

    deinit { process.signal(SIGKILL) }
}
