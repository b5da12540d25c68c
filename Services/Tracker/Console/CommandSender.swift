import Broker
import HTTPTypes
import Mail
import Runtime

/// Hands a person's request to the scheduler's queue, and says so if the queue cannot be reached in a bounded time.
struct CommandSender: Sendable {
    private let publish: @Sendable (Message, _ routingKey: String) async throws -> Void

    init(publisher: Publisher) {
        self.init { try await publisher.publish($0, to: Names.commands, routingKey: $1) }
    }

    init(publish: @escaping @Sendable (Message, _ routingKey: String) async throws -> Void) {
        self.publish = publish
    }

    /// How long a person waits at most.
    private static let patience = Duration.seconds(5)

    /// Returns once the broker has the command.
    /// - Throws: ``Problem`` 503 in words, where it has not. Asking again does no harm: a command does its work once.
    func send(_ command: Command, at now: Timestamp) async throws {
        let message = try Message(command, at: now)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await publish(message, command.kind.rawValue) }
                group.addTask {
                    try await Task.sleep(for: Self.patience)
                    throw BrokerError.unconfirmed("no confirm within \(Self.patience)")
                }
                defer { group.cancelAll() }
                _ = try await group.next()
            }
        } catch let error as BrokerError {
            throw Problem(
                .serviceUnavailable, "Your request could not be passed on",
                detail:
                    "The scheduler’s queue cannot be reached just now, so it is not certain that anything will change. Try again in a moment: "
                    + "asking twice does no harm. (\(error))")
        }
    }
}

extension Message {
    /// A command of the tracker's.
    init(_ command: Command, at now: Timestamp) throws {
        self.init(
            id: .fresh(), type: command.kind.rawValue, app: "tracker", timestamp: now,
            headers: ["waybill-organization": command.organization], body: try command.encoded())
    }
}
