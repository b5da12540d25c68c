import Foundation
import Synchronization

/// What a scripted server took: in memory, and in a file if asked.
final class SMTPLedger: Sendable {
    private struct State {
        var received: [ScriptedSMTPServer.Received] = []
        var count = 0
    }

    private let state = Mutex(State())
    private let keepsMessages: Bool
    private let file: FileHandle?

    init(_ settings: ScriptedSMTPServer.Settings) throws {
        keepsMessages = settings.keepsMessages
        guard let path = settings.ledgerFile else {
            file = nil
            return
        }
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(fileURLWithPath: path)) }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seekToEnd()
        self.file = file
    }

    deinit {
        do { try file?.close() } catch { print("The ledger cannot be closed: \(error)") }
    }

    var received: [ScriptedSMTPServer.Received] { state.withLock(\.received) }
    var count: Int { state.withLock(\.count) }

    func write(_ message: ScriptedSMTPServer.Received) throws {
        try state.withLock { state in
            if let file {
                let line = Line(from: message.from, recipients: message.recipients, message: Data(message.bytes))
                try file.write(contentsOf: JSONEncoder().encode(line) + Data("\n".utf8))
                try file.synchronize()
            }
            var kept = message
            if !keepsMessages {
                kept.bytes = []
                kept.commands = []
            }
            state.received.append(kept)
            state.count += 1
        }
    }

    private struct Line: Encodable {
        var from: String
        var recipients: [String]
        var message: Data
    }
}
