import Foundation
import Synchronization

/// Another program, because only another program can hold another program's locks and die its own death. Ends with its last reference.
final class Python: Sendable {
    private let process: Mutex<Process>
    private let input = Pipe()
    private let output: Pipe
    private let heard = Mutex("")

    /// - Parameter script: Its arguments are in `sys.argv`, from 1.
    init(_ script: String, _ arguments: [String]) throws {
        let output = Pipe()
        self.output = output
        let program = Process()
        program.executableURL = URL(filePath: "/usr/bin/python3")
        program.arguments = ["-u", "-c", script] + arguments
        program.standardInput = input
        program.standardOutput = output
        try program.run()
        process = Mutex(program)
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return
            }
            self?.heard.withLock { $0 += String(decoding: data, as: UTF8.self) }
        }
    }

    /// The whole lines that it has printed so far.
    var lines: [String] {
        heard.withLock { text in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }
    }

    func say(_ line: String) throws { try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8)) }

    func kill() { process.withLock { _ = Foundation.kill($0.processIdentifier, SIGKILL) } }

    deinit {
        process.withLock { program in
            if program.isRunning { _ = Foundation.kill(program.processIdentifier, SIGKILL) }
            program.waitUntilExit()
        }
    }
}
