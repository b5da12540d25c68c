import Foundation
import Logging
import Mail
import ServiceLifecycle
import Support
import Synchronization

@testable import Broker

extension Logger {
    /// Says nothing.
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

extension Message {
    static func test(_ type: String = "test", body: String = "{}") -> Message {
        var random = SystemRandomNumberGenerator()
        let now = Timestamp(microseconds: Timestamp(Date()).seconds * 1_000_000)
        return Message(
            id: .v7(at: now, random: &random), type: type, app: "test", timestamp: now, body: Data(body.utf8))
    }
}

/// Runs services while `body` does its work.
func running<Value>(_ services: any Service..., body: () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup { group in
        for service in services { group.addTask { try await service.run() } }
        let value = try await body()
        group.cancelAll()
        return value
    }
}

/// Fails a test that waits too long.
func within<Value: Sendable>(_ limit: Duration, _ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw Trouble("The work was not done within \(limit).")
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}

/// The messages that something has happened to.
final class Ledger: Sendable {
    private let ids = Mutex<Set<MessageID>>([])

    var all: Set<MessageID> { ids.withLock { $0 } }
    var count: Int { ids.withLock { $0.count } }

    func note(_ messages: [Message]) { ids.withLock { $0.formUnion(messages.map(\.id)) } }
}

/// Raised once.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .acquiring) }
    func raise() { value.store(true, ordering: .releasing) }
}
