import Broker
import Foundation
import Logging
import Mail
import NIOPosix
import Runtime
import ServiceLifecycle

/// Speaks for senders that died: publishes what their journals know, then that their sessions are over.
///
/// Several senders may share a folder. The lock on a journal decides who lives, and who of the living takes it.
struct JournalRecovery: Service {
    let folder: URL
    let publish: @Sendable ([Fact]) async throws -> Void
    let time: TimeSource
    let logger: Logger

    private static let interval = Duration.seconds(10)

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await recoverAll()
                do { try await time.sleep(Self.interval) } catch is CancellationError { return }
            }
        }
    }

    /// Deals with every journal whose sender is dead.
    func recoverAll() async {
        do {
            for path in try await offPool({ try Self.journals(in: folder) }) {
                do { try await recover(path) } catch let error as JournalError { note(error) }
            }
        } catch is CancellationError {
            // What is left is for the next sender.
        } catch {
            note(error)
        }
    }

    private func note(_ error: any Error) {
        logger.error("Cannot deal with the journal of a sender that died", metadata: ["reason": "\(error)"])
    }

    private func recover(_ path: String) async throws {
        let session = JournalFile.session(ofName: (path as NSString).lastPathComponent)
        guard let session, let file = try await offPool({ try JournalFile.adopt(at: path) }) else { return }
        let (state, damaged) = JournalState.read(try await offPool { try file.read() })
        let facts = state.facts(of: session)
        if !facts.isEmpty { try await publish(facts) }
        // Only after those are confirmed: the scheduler takes whatever was not reported by then for never sent.
        try await publish([session.ended(at: time.now())])
        if damaged == 0 {
            try await offPool { try file.delete() }
        } else {
            try await offPool { try file.setAside() }
            logger.error(
                "A journal was damaged and has been set aside; an attempt that it recorded may be made twice",
                metadata: ["path": "\(path).damaged", "lines": "\(damaged)"])
        }
        logger.notice(
            "Reported for a sender that died", metadata: ["session": "\(session)", "attempts": "\(facts.count)"])
    }

    private static func journals(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { JournalFile.session(ofName: $0) != nil }.sorted()
            .map { folder.appendingPathComponent($0).path }
    }

    private func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}
