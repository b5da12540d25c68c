import ArgumentParser
import Broker
import Foundation
import Logging
import Mail
import ServiceLifecycle
import Support

/// Messages a second through `Publisher` and `Consumer`, against a bare C loop over the same library, the same node, in turns.
struct BrokerBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Publishes and consumes 1 KB persistent messages over a quorum queue, ours against bare C.")

    @Option(help: "Messages in each round.")
    var messages = 100_000

    @Option(help: "Rounds of each; the median counts.")
    var rounds = 5

    @Option(help: "Bytes in a body.")
    var bytes = 1024

    @Option(help: "The most messages unconfirmed or unsettled at once.")
    var window = 1000

    private struct Rates: Encodable {
        /// Messages a second.
        let waybill: Int
        let bareC: Int
        let ratio: Double

        init(waybill: [Double], bareC: [Double]) {
            func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
            self.waybill = Int(median(waybill))
            self.bareC = Int(median(bareC))
            // Round by round: what else this machine does weighs on both alike.
            ratio = (median(zip(waybill, bareC).map { $0 / $1 }) * 100).rounded() / 100
        }
    }

    private struct Report: Encodable {
        let benchmark = "broker"
        let messages: Int
        let bytes: Int
        let window: Int
        let publish: Rates
        let consume: Rates
    }

    func run() async throws {
        let node = try await RabbitMQNode.start()
        let url = try await node.makeVirtualHost()
        let address = try BrokerAddress(url)
        var ours = (publish: [Double](), consume: [Double]())
        var bare = (publish: [Double](), consume: [Double]())
        for _ in 0..<rounds {
            // Ours first: the topology, with the queue that both use, is declared by whoever connects.
            ours.publish.append(try await measurePublisher(address))
            ours.consume.append(try await measureConsumer(address))
            let seconds = try await BareBroker(port: node.port, virtualHost: address.virtualHost)
                .run(messages: messages, bytes: bytes, window: window)
            bare.publish.append(Double(messages) / seconds.publishing)
            bare.consume.append(Double(messages) / seconds.consuming)
        }
        let report = Report(
            messages: messages, bytes: bytes, window: window, publish: Rates(waybill: ours.publish, bareC: bare.publish),
            consume: Rates(waybill: ours.consume, bareC: bare.consume))
        print(String(decoding: try Wire.encode(report), as: UTF8.self))
    }

    private func measurePublisher(_ address: BrokerAddress) async throws -> Double {
        let publisher = Publisher(to: address, app: "benchmark", logger: .silent)
        let body = Data(repeating: UInt8(ascii: "x"), count: bytes)
        let (share, callers) = (messages / window, window)
        return try await running(publisher) {
            try await publisher.publish(.benchmark(body), to: Names.commands, routingKey: Names.claimsKey)
            let time = try await ContinuousClock().measure {
                try await withThrowingDiscardingTaskGroup { group in
                    for _ in 0..<callers {
                        group.addTask {
                            for _ in 0..<share {
                                try await publisher.publish(.benchmark(body), to: Names.commands, routingKey: Names.ticketKey)
                            }
                        }
                    }
                }
            }
            return Double(share * callers) / (time / .seconds(1))
        }
    }

    private func measureConsumer(_ address: BrokerAddress) async throws -> Double {
        let consumer = Consumer(from: Names.tickets, at: address, prefetch: window, app: "benchmark", logger: .silent)
        let expected = messages / window * window
        return try await running(consumer) {
            var received = 0
            var start = ContinuousClock.now
            for await batch in consumer.batches {
                if received == 0 { start = .now }
                received += batch.count
                batch.forEach { $0.ack() }
                if received >= expected { break }
            }
            return Double(received) / ((ContinuousClock.now - start) / .seconds(1))
        }
    }

    /// Runs a service while `body` measures.
    private func running<Value>(_ service: any Service, body: () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup { group in
            group.addTask { try await service.run() }
            let value = try await body()
            // What was acked last has to leave first.
            try await Task.sleep(for: .milliseconds(200))
            group.cancelAll()
            return value
        }
    }
}

extension Message {
    fileprivate static func benchmark(_ body: Data) -> Message {
        var random = SystemRandomNumberGenerator()
        let now = Timestamp(Date())
        return Message(id: .v7(at: now, random: &random), type: "benchmark", app: "benchmark", timestamp: now, body: body)
    }
}
