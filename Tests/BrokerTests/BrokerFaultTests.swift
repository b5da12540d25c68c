import Foundation
import Logging
import Mail
import Support
import Testing

@testable import Broker

/// On a node of their own, because they stop it.
@Suite("A broker in trouble", .serialized)
struct BrokerFaultTests {
    private static let start = Task { try await RabbitMQNode.start() }

    private let node: RabbitMQNode
    private let url: String
    private let address: BrokerAddress

    init() async throws {
        node = try await Self.start.value
        url = try await node.makeVirtualHost()
        address = try BrokerAddress(url)
    }

    enum End: CaseIterable {
        case restart, kill, connectionsClosed
    }

    @Test(
        "that stops under load loses nothing, and everything runs again within five seconds of its return", arguments: End.allCases)
    func restartUnderLoad(end: End) async throws {
        let publisher = Publisher(to: address, app: "test", logger: .quiet)
        let consumer = Consumer(from: Names.tickets, at: address, prefetch: 200, app: "test", logger: .quiet)
        let (confirmed, seen, stop) = (Ledger(), Ledger(), Flag())
        try await running(publisher, consumer) {
            try await withThrowingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask {
                        while !stop.isRaised {
                            let message = Message.test(body: String(repeating: "x", count: 1000))
                            try await publisher.publish(message, to: Names.commands, routingKey: Names.ticketKey)
                            confirmed.note([message])
                            try await Task.sleep(for: .milliseconds(1))
                        }
                    }
                }
                group.addTask {
                    for await batch in consumer.batches {
                        seen.note(batch.map(\.message))
                        batch.forEach { $0.ack() }
                    }
                }
                try await eventually(within: .seconds(20), "messages flow") { seen.count > 500 }
                switch end {
                case .restart: try await node.restart()
                case .kill:
                    try await node.kill()
                    try await node.start()
                case .connectionsClosed: try await node.closeConnections()
                }
                let (before, read) = (confirmed.count, seen.count)
                try await eventually(within: .seconds(5), "messages flow again") {
                    confirmed.count > before + 100 && seen.count > read + 100
                }
                stop.raise()
                try await eventually(within: .seconds(20), "all that was confirmed has been seen") {
                    confirmed.all.isSubset(of: seen.all)
                }
                try await eventually(within: .seconds(20), "the queue is empty") {
                    try await node.depth(of: Names.tickets, at: url) == (0, 0)
                }
                group.cancelAll()
            }
        }
    }

    @Test("under a memory alarm makes publishers wait and says so, and nothing is lost when it ends", arguments: [1000, 500_000])
    func memoryAlarm(size: Int) async throws {
        let publisher = Publisher(to: address, app: "test", logger: .quiet)
        let count = 200
        try await running(publisher) {
            try await publisher.publish(.test(), to: Names.commands, routingKey: Names.ticketKey)
            try await node.setMemoryAlarm(on: true)
            let done = Ledger()
            try await withThrowingTaskGroup { group in
                for _ in 0..<count {
                    group.addTask {
                        let message = Message.test(body: String(repeating: "x", count: size))
                        try await publisher.publish(message, to: Names.commands, routingKey: Names.ticketKey)
                        done.note([message])
                    }
                }
                try await eventually(within: .seconds(10), "the status says blocked") {
                    guard case .blocked(let reason) = publisher.status else { return false }
                    return reason.contains("memory")
                }
                #expect(done.count < count)
                #expect(await publisher.depth(of: Names.tickets) == nil)
                try await node.setMemoryAlarm(on: false)
                try await eventually(within: .seconds(30), "all are confirmed") { done.count == count }
                try await group.waitForAll()
            }
            #expect(publisher.status == .connected)
            #expect(try await node.depth(of: Names.tickets, at: url).ready >= count + 1)
        }
    }

    @Test("whose alarm comes and goes again and again loses nothing")
    func flutteringAlarm() async throws {
        let publisher = Publisher(to: address, app: "test", logger: .quiet)
        let (confirmed, stop) = (Ledger(), Flag())
        try await running(publisher) {
            try await withThrowingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask {
                        while !stop.isRaised {
                            let message = Message.test(body: String(repeating: "x", count: 10_000))
                            try await publisher.publish(message, to: Names.commands, routingKey: Names.ticketKey)
                            confirmed.note([message])
                        }
                    }
                }
                for _ in 0..<50 {
                    try await node.setMemoryAlarm(on: true)
                    try await node.setMemoryAlarm(on: false)
                }
                let before = confirmed.count
                try await eventually(within: .seconds(20), "messages flow again") { confirmed.count > before + 20 }
                stop.raise()
                try await group.waitForAll()
            }
            #expect(try await node.depth(of: Names.tickets, at: url).ready >= confirmed.count)
        }
    }

    @Test("under an alarm when a publisher connects is noticed before the bulk leaves")
    func alarmFirst() async throws {
        try await node.setMemoryAlarm(on: true)
        let publisher = Publisher(to: address, app: "test", logger: .quiet)
        try await running(publisher) {
            let publish = Task { try await publisher.publish(.test(), to: Names.commands, routingKey: Names.ticketKey) }
            try await eventually(within: .seconds(10), "the status says blocked") {
                if case .blocked = publisher.status { true } else { false }
            }
            try await node.setMemoryAlarm(on: false)
            try await within(.seconds(10)) { try await publish.value }
            #expect(try await node.depth(of: Names.tickets, at: url) == (1, 0))
        }
    }

    @Test("that goes silent is given up within two heartbeats, a stuck publish too; nothing is lost when it returns")
    func silence() async throws {
        var timings = Timings()
        timings.heartbeat = 1
        timings.handshake = .seconds(1)
        timings.publish = .seconds(2)
        timings.bytesPerSecond = 100_000_000
        let publisher = Publisher(to: address, app: "test", timings: timings, logger: .quiet)
        let consumer = Consumer(from: Names.tickets, at: address, prefetch: 10, app: "test", timings: timings, logger: .quiet)
        try await running(publisher, consumer) {
            try await publisher.publish(.test(), to: Names.commands, routingKey: Names.ticketKey)
            var batches = consumer.batches.makeAsyncIterator()
            let first = try #require(await batches.next())
            try node.pause()
            defer { resume() }
            let start = ContinuousClock.now
            // More than the sockets take: the thread hangs in a send.
            let large = Message.test("large", body: String(repeating: "x", count: 20_000_000))
            let publish = Task { try await publisher.publish(large, to: Names.commands, routingKey: Names.ticketKey) }
            try await eventually(within: .seconds(15), "both connections are given up") {
                if case .disconnected = publisher.status, case .disconnected = consumer.status { true } else { false }
            }
            #expect(ContinuousClock.now - start < .seconds(6))
            try node.resume()
            first.forEach { $0.ack() }  // stale: it comes again
            try await within(.seconds(30)) { try await publish.value }
            var ids: Set<MessageID> = []
            while !ids.isSuperset(of: [first[0].message.id, large.id]), let batch = await batches.next() {
                ids.formUnion(batch.map(\.message.id))
                batch.forEach { $0.ack() }
            }
            try await eventually(within: .seconds(20), "the queue is empty") {
                try await node.depth(of: Names.tickets, at: url) == (0, 0)
            }
        }
    }

    private func resume() {
        do { try node.resume() } catch { Issue.record(error) }
    }

    @Test("that is not there leaves a publish waiting, and its cancellation is heard at once")
    func absent() async throws {
        let port = try Ports.free()
        let publisher = Publisher(to: try BrokerAddress("amqp://127.0.0.1:\(port)"), app: "test", logger: .quiet)
        try await running(publisher) {
            let publish = Task { try await publisher.publish(.test(), to: "x", routingKey: "y") }
            try await eventually(within: .seconds(10), "the status says what to check") {
                guard case .disconnected(let reason) = publisher.status else { return false }
                return reason.contains("127.0.0.1:\(port)") && reason.contains("WAYBILL_AMQP_URL")
            }
            publish.cancel()
            await #expect(throws: CancellationError.self) { try await within(.seconds(2)) { try await publish.value } }
        }
    }
}
