import Broker
import Foundation
import Mail
import Runtime
import ServiceLifecycle
import Store
import Support
import Testing

@testable import Reminder

/// The whole reminder in this process, over a real broker.
@Suite("The whole service", .timeLimit(.minutes(3)))
struct ServiceTests {
    private struct Running {
        let agenda: Agenda
        let publisher: Publisher
        /// What the scheduler would get.
        let scheduler: Consumer
        let port: Int
    }

    /// A reminder that runs while `body` does, and stops in good order.
    private func running(
        at url: String, data: TemporaryFolder, time: ManualTime, _ body: (Running) async throws -> Void
    ) async throws {
        var settings = Settings(environment: [
            "WAYBILL_AMQP_URL": url, "WAYBILL_DATA": data.path, "WAYBILL_SECRET": Sample.secret,
            "WAYBILL_LISTEN": "127.0.0.1:\(try Ports.free())",
        ])
        let configuration = try ReminderConfiguration(&settings)
        let logger = Sample.logger
        let publisher = Publisher(to: configuration.common.broker, app: "test", logger: logger)
        let scheduler = Consumer(from: Names.scheduler, at: configuration.common.broker, prefetch: 100, app: "test", logger: logger)
        let service = try await ReminderService(configuration, time: time.source, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [publisher, scheduler] + service.parts, logger: logger))
        let running = Running(
            agenda: service.agenda, publisher: publisher, scheduler: scheduler, port: configuration.listen.port)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await eventually(within: .seconds(60), "the reminder is ready") {
                    do {
                        return try await get(configuration.listen.port, "/readyz").hasPrefix("HTTP/1.1 200")
                    } catch {
                        return false  // It does not listen yet.
                    }
                }
                try await body(running)
            } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        try service.agenda.store.close()
    }

    private func get(_ port: Int, _ path: String) async throws -> String {
        try await onThread {
            let socket = try LoopbackSocket(port: port, receiveTimeout: 20)
            try socket.send(Data("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8))
            return String(decoding: try socket.receiveAll(), as: UTF8.self)
        }
    }

    /// The next mailings that arrive at the scheduler's queue, settled.
    private func submissions(_ count: Int, from consumer: Consumer) async throws -> [MailingID] {
        var mailings: [MailingID] = []
        for await batch in consumer.batches {
            for incoming in batch {
                let message = incoming.message
                #expect(message.headers["waybill-organization"] == Sample.organization)
                if case .submitMailing(_, let mailing, _) = try Command(
                    kind: message.type, version: message.version, body: message.body)
                {
                    mailings.append(mailing)
                }
                incoming.ack()
            }
            if mailings.count >= count { break }
        }
        return mailings
    }

    private func put(_ id: String) throws -> Message {
        let names = #""organization":"\#(Sample.organization)","collection":"\#(id)""#
        let body = Data("{\(names),\"document\":\(String(decoding: Sample.json(), as: UTF8.self))}".utf8)
        return Message(id: .fresh(), type: "collection.put", app: "test", timestamp: nil, body: body)
    }

    @Test("a collection put over AMQP is reminded of when the time comes, once, over a restart; a refusal comes back")
    func story() async throws {
        let node = try await RabbitMQNode.shared
        let url = try await node.makeVirtualHost()
        let data = try TemporaryFolder()
        let time = ManualTime(Sample.now)
        let due = Sample.moment("2026-12-17T08:00:00Z")
        var sent: [MailingID] = []
        try await running(at: url, data: data, time: time) { running in
            for _ in 0..<2 {
                try await running.publisher.publish(try put("smith"), to: Names.commands, routingKey: "collection.put")
            }
            try await eventually(within: .seconds(30), "the reminder is planned") {
                try await running.agenda.countPlanned() == 1 && time.sleepers > 0
            }
            time.advance(to: due)
            sent = try await submissions(2, from: running.scheduler)
            #expect(sent.count == 2)
            #expect(try await get(running.port, "/metrics").hasPrefix("HTTP/1.1 200"))
        }
        try await running(at: url, data: data, time: time) { running in
            try await running.publisher.publish(try put("smith"), to: Names.commands, routingKey: "collection.put")
            let refusals = sent.map { mailing in
                Fact(
                    id: .fresh(), organization: Sample.organization, occurredAt: time.now,
                    body: .mailingRefused(MailingRefused(mailing: mailing, problems: ["No."])))
            }
            try await running.publisher.publish(refusals)
            try await eventually(within: .seconds(30), "the reminder counts as skipped") {
                try await running.agenda.reminders(of: "smith", in: Sample.organization).map(\.state) == [.skipped]
            }
            #expect(
                try await running.agenda.reminders(of: "smith", in: Sample.organization)[0].mailings.compactMap(\.problem) == [
                    "No.", "No.",
                ])
            try await eventually(within: .seconds(30), "every queue is empty and nothing was sent again") {
                for queue in [Names.reminder, Names.reminderFacts, Names.scheduler] {
                    let depth = try await node.depth(of: queue, at: url)
                    guard depth.ready == 0, depth.unsettled == 0 else { return false }
                }
                return true
            }
        }
    }

    @Test("commands and facts that cannot be read go to the dead letters, and those behind them are carried out")
    func poison() async throws {
        let node = try await RabbitMQNode.shared
        let url = try await node.makeVirtualHost()
        func message(_ type: String, _ body: Data, version: Int? = Wire.version) -> Message {
            var message = Message(id: .fresh(), type: type, app: "test", timestamp: nil, body: body)
            message.version = version
            return message
        }
        let good = try put("smith")
        let commands = [
            message("collection.put", Data()), message("collection.put", Data("{}".utf8)),
            message("collection.put", Data(String(repeating: "[", count: 100_000).utf8)), message("collection.burn", good.body),
            message("collection.put", good.body, version: 9), message("collection.put", good.body, version: nil),
            message("collection.put", Data([0xFF, 0xFE])), message("collection.put", Data(repeating: 0x20, count: 4 << 20)),
            message("collection.remove", good.body),
        ]
        let facts = [message("mailing.refused", Data("{".utf8)), message("mailing.exploded", Data("[]".utf8))]
        try await running(at: url, data: try TemporaryFolder(), time: ManualTime(Sample.now)) { running in
            for bad in commands { try await running.publisher.publish(bad, to: Names.commands, routingKey: "collection.put") }
            for bad in facts { try await running.publisher.publish(bad, to: Names.facts, routingKey: "mailing.refused") }
            try await running.publisher.publish(good, to: Names.commands, routingKey: "collection.put")
            try await eventually(within: .seconds(60), "the good command is carried out") {
                try await running.agenda.countPlanned() == 1
            }
            try await eventually(within: .seconds(60), "every bad message is in the dead letters") {
                // Facts go to the tracker's and the scheduler's queues as well, which nobody reads here.
                await running.publisher.depth(of: Names.deadLetters) == commands.count + facts.count
            }
        }
    }
}
