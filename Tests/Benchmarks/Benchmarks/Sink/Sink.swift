import Foundation
import Support

/// A sink that runs beside what is measured.
struct Sink {
    let port: Int
    let process: ChildProcess
    private let ledger: String

    /// Starts it and waits until it answers.
    /// - Parameter delay: Milliseconds before each answer.
    static func start(in folder: URL, delay: Int = 0) async throws -> Sink {
        let port = try Ports.free()
        let ledger = folder.appending(path: "ledger-\(port).json").path
        let process = try ChildProcess(
            CommandLine.arguments[0], ["sink", "--port", "\(port)", "--ledger", ledger, "--delay", "\(delay)"])
        let sink = Sink(port: port, process: process, ledger: ledger)
        try await eventually("the sink answers") { await sink.count() != nil }
        return sink
    }

    /// How many it has taken; `nil` while it does not answer.
    func count() async -> Int? {
        let port = port
        do {
            return try await onThread {
                let socket = try LoopbackSocket(port: port, receiveTimeout: 5)
                try socket.send(Data("NOOP\r\nQUIT\r\n".utf8))
                let lines = String(decoding: try socket.receiveAll(), as: UTF8.self).split(separator: "\r\n")
                return lines.count > 1 ? Int(lines[1].dropFirst(4)) : nil
            }
        } catch {
            return nil
        }
    }

    /// Ends it.
    /// - Returns: What it took.
    func stop() async throws -> [SinkLedger.Entry] {
        process.signal(SIGTERM)
        let (status, _) = try await process.finish()
        guard status == 0 else { throw Trouble("The sink ended with status \(status).") }
        return try JSONDecoder().decode([SinkLedger.Entry].self, from: try Data(contentsOf: URL(filePath: ledger)))
    }
}
