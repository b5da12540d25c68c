import Foundation
import Logging
import Mail
import ServiceLifecycle

@testable import Broker

extension Logger {
    /// Says nothing.
    static var quiet: Logger {
        var logger = Logger(label: "test")
        if ProcessInfo.processInfo.environment["WAYBILL_TEST_LOG"] == nil { logger.logLevel = .critical }
        return logger
    }
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
