import Foundation

/// A script of `Tests/Browser` that drives Chromium; where it asks for something to happen it waits for us.
package struct BrowserScript: Sendable {
    private let path: String
    private let arguments: [String]

    package init(_ name: String, arguments: [String]) {
        path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Browser/\(name)")
            .path(percentEncoded: false)
        self.arguments = arguments
    }

    /// Runs to the end.
    /// - Parameter answer: Does what a line of the script asks for; the script goes on when it returns.
    /// - Throws: ``Trouble`` in the script's own words; whatever `answer` throws.
    package func run(answer: (String) async throws -> Void = { _ in }) async throws {
        let folder = try TemporaryFolder()
        let (said, complained) = (folder.url.appending(path: "said"), folder.url.appending(path: "complained"))
        for file in [said, complained] { try Data().write(to: file) }
        let process = try ChildProcess(
            "/usr/bin/env", ["python3", path] + arguments, isFed: true, output: .file(said.path), errors: .file(complained.path))
        defer { process.signal(SIGTERM) }
        var answered = 0
        while process.isRunning {
            for line in try String(contentsOf: said, encoding: .utf8).split(separator: "\n").dropFirst(answered) {
                answered += 1
                try await answer(String(line))
                try process.input?.write(contentsOf: Data("\n".utf8))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        guard process.status == 0 else { throw Trouble(try String(contentsOf: complained, encoding: .utf8)) }
    }
}
