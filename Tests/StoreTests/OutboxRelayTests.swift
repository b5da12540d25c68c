import Broker
import Foundation
import Logging
import Mail
import ServiceLifecycle
import Support
import Synchronization
import Testing

@testable import Store

@Suite("The outbox over a real broker")
struct OutboxRelayTests {
    /// Long enough that whatever happens sooner was not the safety net.
    private let times = OutboxRelay.Times(safetyNet: .seconds(3600), retry: .milliseconds(300), drain: .seconds(20))

    private func waiting(_ rig: Rig) async throws -> Int { try await rig.store.read { try Outbox.count(in: $0) } }

    /// Runs services until `body` is done, then stops them gracefully in reverse order, as a process does.
    private func running(_ services: [any Service], body: () async throws -> Void) async throws {
        var configuration = ServiceGroupConfiguration(services: services, logger: Rig.logger)
        configuration.maximumGracefulShutdownDuration = .seconds(30)
        let group = ServiceGroup(configuration: configuration)
        let running = Task { try await group.run() }
        do {
            try await body()
        } catch {
            running.cancel()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await running.value
    }

    /// Gathers the facts that reach the tracker's queue.
    private final class Gathered: Sendable {
        let facts = Mutex<[Fact]>([])
        let messages = Mutex(0)

        func gather(_ consumer: Consumer) async throws {
            for await batch in consumer.batches {
                for incoming in batch {
                    let message = incoming.message
                    let found = try Wire.facts(kind: message.type, version: message.version, body: message.body)
                    facts.withLock { $0 += found }
                    messages.withLock { $0 += 1 }
                    incoming.ack()
                }
            }
        }
    }

    @Test("facts written in many transactions all arrive, in order, in few messages, and the outbox is empty")
    func publishing() async throws {
        let address = try BrokerAddress(try await RabbitMQNode.shared.makeVirtualHost())
        let rig = try Rig()
        let publisher = Publisher(to: address, app: "test", logger: Rig.logger)
        let consumer = Consumer(from: Names.tracker, at: address, prefetch: 1000, app: "test", logger: Rig.logger)
        let relay = OutboxRelay(store: rig.store, publisher: publisher, times: times, logger: Rig.logger)
        let gathered = Gathered()
        let facts = (0..<3000).map { Fact.pending($0) }
        try await rig.store.write { try Outbox.put(Array(facts[..<1000]), in: $0) }
        try await running([publisher, consumer, relay]) {
            let gathering = Task { try await gathered.gather(consumer) }
            for start in stride(from: 1000, to: 3000, by: 100) {
                try await rig.store.write { try Outbox.put(Array(facts[start..<start + 100]), in: $0) }
            }
            try await eventually(within: .seconds(60), "every fact has arrived") { gathered.facts.withLock { $0.count } >= 3000 }
            try await eventually("the outbox is empty") { try await waiting(rig) == 0 }
            gathering.cancel()
        }
        let arrived = gathered.facts.withLock { $0 }
        #expect(Set(arrived.map(\.id)) == Set(facts.map(\.id)))
        #expect(arrived.count == 3000, "nothing failed, so nothing came twice")
        #expect(gathered.messages.withLock { $0 } < 200)
    }

    @Test("a write wakes the relay at once")
    func waking() async throws {
        let address = try BrokerAddress(try await RabbitMQNode.shared.makeVirtualHost())
        let rig = try Rig()
        let publisher = Publisher(to: address, app: "test", logger: Rig.logger)
        let relay = OutboxRelay(store: rig.store, publisher: publisher, times: times, logger: Rig.logger)
        try await running([publisher, relay]) {
            for number in 0..<5 {
                try await rig.store.write { try Outbox.put([Fact.pending(number)], in: $0) }
                try await eventually("the fact has left") { try await waiting(rig) == 0 }
            }
        }
    }

    @Test("a message that no queue takes stays and is tried again, and those behind it go on")
    func unroutable() async throws {
        let address = try BrokerAddress(try await RabbitMQNode.shared.makeVirtualHost())
        let rig = try Rig()
        let publisher = Publisher(to: address, app: "test", logger: Rig.logger)
        let relay = OutboxRelay(store: rig.store, publisher: publisher, times: times, logger: Rig.logger)
        try await running([publisher, relay]) {
            let astray = Message.test("x")
            try await rig.store.write { database in
                try Outbox.put(astray, to: Names.commands, routingKey: "nobody.listens", in: database)
                try Outbox.put((0..<500).map { Fact.pending($0) }, in: database)
            }
            try await eventually("only the one astray is left") { try await waiting(rig) == 1 }
            try await rig.store.write { try Outbox.put([Fact.pending(1000)], in: $0) }
            try await eventually("what comes later passes it too") { try await waiting(rig) == 1 }
        }
        #expect(try await waiting(rig) == 1)
    }

    @Test("while the broker is away nothing is lost and stopping takes a bounded time; the next run publishes it")
    func away() async throws {
        let rig = try Rig()
        let nowhere = try BrokerAddress("amqp://guest:guest@127.0.0.1:\(try Ports.free())/")
        let facts = (0..<100).map { Fact.pending($0) }
        do {
            let publisher = Publisher(to: nowhere, app: "test", logger: Rig.logger)
            var times = times
            times.drain = .milliseconds(300)
            let relay = OutboxRelay(store: rig.store, publisher: publisher, times: times, logger: Rig.logger)
            let publishing = Task { try await publisher.run() }
            let start = ContinuousClock.now
            try await running([relay]) {
                try await rig.store.write { try Outbox.put(facts, in: $0) }
            }
            #expect(start.duration(to: .now) < .seconds(10))
            publishing.cancel()
            try await publishing.value
            #expect(try await waiting(rig) == 100)
        }
        let address = try BrokerAddress(try await RabbitMQNode.shared.makeVirtualHost())
        let publisher = Publisher(to: address, app: "test", logger: Rig.logger)
        let relay = OutboxRelay(store: rig.store, publisher: publisher, times: times, logger: Rig.logger)
        try await running([publisher, relay]) {
            try await eventually("the outbox is empty") { try await waiting(rig) == 0 }
        }
    }

    @Test("at graceful shutdown what is in the outbox still leaves")
    func draining() async throws {
        let address = try BrokerAddress(try await RabbitMQNode.shared.makeVirtualHost())
        let rig = try Rig()
        let publisher = Publisher(to: address, app: "test", logger: Rig.logger)
        let relay = OutboxRelay(store: rig.store, publisher: publisher, times: times, logger: Rig.logger)
        try await running([publisher, relay]) {
            try await eventually(within: .seconds(30), "the broker is there") { publisher.status == .connected }
            try await rig.store.write { try Outbox.put((0..<5000).map { Fact.pending($0) }, in: $0) }
        }
        #expect(try await waiting(rig) == 0)
    }
}
