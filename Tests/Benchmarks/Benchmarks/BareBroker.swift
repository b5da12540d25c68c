import Broker
import CRabbitMQLoop
import Support

/// What a bare program over librabbitmq reaches through the tickets queue.
struct BareBroker: Sendable {
    let port: Int
    let virtualHost: String

    /// Publishes and then consumes so many messages.
    /// - Returns: Seconds.
    func run(messages: Int, bytes: Int, window: Int) async throws -> (publishing: Double, consuming: Double) {
        try await onThread {
            let count = Int64(messages)
            var (publishing, consuming) = (0.0, 0.0)
            for line in [
                crabbitmq_loop_publish(
                    "127.0.0.1", Int32(port), virtualHost, Names.commands, Names.ticketKey, count, Int64(bytes), Int64(window),
                    &publishing),
                crabbitmq_loop_consume(
                    "127.0.0.1", Int32(port), virtualHost, Names.tickets, count, Int32(window), 100, &consuming),
            ] where line != 0 {
                throw Trouble("The C loop failed at line \(line).")
            }
            return (publishing, consuming)
        }
    }

    /// Declares exchanges and queues, as whoever connects does.
    static func declareTopology(at address: BrokerAddress) async throws {
        let publisher = Publisher(to: address, app: "benchmark", logger: .silent)
        try await withThrowingTaskGroup { group in
            group.addTask { try await publisher.run() }
            try await eventually("the topology is declared") { publisher.status.trouble == nil }
            group.cancelAll()
        }
    }
}
