import Foundation
import Logging
import Mail
import ServiceLifecycle
import Support
import Testing

@testable import Broker

@Suite("Messages over a real broker")
struct RealBrokerTests {
    private let node: RabbitMQNode
    private let url: String
    private let address: BrokerAddress

    init() async throws {
        node = try await RabbitMQNode.shared
        url = try await node.makeVirtualHost()
        address = try BrokerAddress(url)
    }

    private func publisher() -> Publisher { Publisher(to: address, app: "test", logger: .quiet) }

    private func consumer(_ queue: String, prefetch: Int = 100) -> Consumer {
        Consumer(from: queue, at: address, prefetch: prefetch, app: "test", logger: .quiet)
    }

    private func isEmpty(_ queue: String) async throws {
        try await eventually(within: .seconds(10), "the queue \(queue) is empty") {
            try await node.depth(of: queue, at: url) == (0, 0)
        }
    }

    // 131,064 bytes fill a frame to the last byte: the library then leaves the socket told to wait for more.
    @Test("what is published arrives once, as it was, and is gone once acked", arguments: [0, 2, 131_064, 262_128, 5_000_000])
    func publishAndConsume(size: Int) async throws {
        let (publisher, consumer) = (publisher(), consumer(Names.scheduler))
        try await running(publisher, consumer) {
            var message = Message.test("mailing.submit", body: String(repeating: "ä", count: size / 2))
            message.headers = ["waybill-organization": "studio", "empty": ""]
            message.replyTo = "someone"
            message.correlationID = "something"
            try await publisher.publish(message, to: Names.commands, routingKey: "mailing.submit")
            let batch = try #require(await consumer.batches.first { _ in true })
            #expect(batch.map(\.message) == [message])
            #expect(!batch[0].isRedelivered)
            #expect(await publisher.depth(of: Names.scheduler) == 0)
            batch[0].ack()
            try await isEmpty(Names.scheduler)
        }
    }

    @Test("a message that is given back comes again, marked as such")
    func requeue() async throws {
        let (publisher, consumer) = (publisher(), consumer(Names.scheduler))
        try await running(publisher, consumer) {
            try await publisher.publish(.test(), to: Names.commands, routingKey: "mailing.submit")
            var batches = consumer.batches.makeAsyncIterator()
            let first = try #require(await batches.next())
            first[0].requeue()
            let second = try #require(await batches.next())
            #expect(second.map(\.isRedelivered) == [true])
            second[0].ack()
            try await isEmpty(Names.scheduler)
        }
    }

    @Test("a message that finds no queue is not taken for published")
    func unroutable() async throws {
        let publisher = publisher()
        try await running(publisher) {
            async let routed: Void = publisher.publish(.test(), to: Names.commands, routingKey: "mailing.submit")
            await #expect(throws: BrokerError.unroutable(exchange: Names.commands, routingKey: "nobody")) {
                try await publisher.publish(.test(), to: Names.commands, routingKey: "nobody")
            }
            try await routed
        }
    }

    @Test("a message that the broker closes the channel for fails alone; those beside it arrive")
    func poison() async throws {
        let publisher = publisher()
        try await running(publisher) {
            try await withThrowingTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask { try await publisher.publish(.test(), to: Names.commands, routingKey: "ticket") }
                }
                group.addTask {
                    let error = await #expect(throws: BrokerError.self) {
                        try await publisher.publish(.test(), to: "no-such-exchange", routingKey: "x")
                    }
                    guard case .refused(let reason) = error else {
                        Issue.record("It failed with \(String(describing: error)).")
                        return
                    }
                    #expect(reason.contains("no-such-exchange"))
                }
                try await group.waitForAll()
            }
            #expect(try await node.depth(of: Names.tickets, at: url).ready >= 50)
        }
    }

    @Test("facts arrive at everyone who wants them, together, though nobody ever ran")
    func facts() async throws {
        let publisher = publisher()
        let facts = (0..<400).map { index in
            Fact(
                id: .derived(from: "\(index)"), organization: "studio", occurredAt: Timestamp(microseconds: Int64(index)),
                body: .sessionEnded(SessionEnded(session: .derived(from: "\(index)"))))
        }
        try await running(publisher) {
            try await withThrowingTaskGroup { group in
                for fact in facts { group.addTask { try await publisher.publish([fact]) } }
                try await group.waitForAll()
            }
        }
        for queue in [Names.tracker, Names.schedulerFacts] {
            let consumer = consumer(queue)
            try await running(consumer) {
                var read: Set<Fact> = []
                var messages = 0
                for await batch in consumer.batches {
                    for incoming in batch {
                        read.formUnion(
                            try Wire.facts(
                                kind: incoming.message.type, version: incoming.message.version, body: incoming.message.body))
                        incoming.ack()
                    }
                    messages += batch.count
                    if read.count == facts.count { break }
                }
                #expect(read == Set(facts))
                #expect(messages < 100)
            }
        }
        #expect(try await node.depth(of: Names.reminderFacts, at: url) == (0, 0))
    }

    @Test("a dead letter keeps its body and says why it is one")
    func deadLetter() async throws {
        let (publisher, consumer) = (publisher(), consumer(Names.deadLetters))
        try await running(publisher, consumer) {
            var poison = Message.test(body: "{{{")
            poison.headers = Dictionary(uniqueKeysWithValues: (0..<20).map { ("h\($0)", String(repeating: "x", count: 5000)) })
            try await publisher.deadLetter(poison, reason: "The body is not JSON.", from: Names.scheduler)
            let letter = try #require(await consumer.batches.first { _ in true })[0]
            #expect(letter.message.body == poison.body)
            #expect(letter.message.id == poison.id)
            #expect(letter.message.headers[Names.reasonHeader] == "The body is not JSON.")
            #expect(letter.message.headers[Names.queueHeader] == Names.scheduler)
            letter.ack()
        }
    }

    @Test("a message too large to read goes to the dead letters as rejected")
    func oversized() async throws {
        let (publisher, consumer, dead) = (publisher(), consumer(Names.scheduler), consumer(Names.deadLetters))
        try await running(publisher, consumer, dead) {
            var large = Message.test()
            large.body = Data(count: Wire.largestBody + 1)
            try await publisher.publish(large, to: Names.commands, routingKey: "mailing.submit")
            try await publisher.publish(.test(body: "good"), to: Names.commands, routingKey: "mailing.submit")
            let batch = try #require(await consumer.batches.first { _ in true })
            #expect(batch.map(\.message.body) == [Data("good".utf8)])
            batch[0].ack()
            try await isEmpty(Names.scheduler)
            // Too large for this consumer as well: rejected without a further place to go.
            try await isEmpty(Names.deadLetters)
        }
    }

    @Test("a consumer whose queue is deleted declares it again and goes on")
    func deletedQueue() async throws {
        let (publisher, consumer) = (publisher(), consumer(Names.scheduler))
        try await running(publisher, consumer) {
            try await eventually(within: .seconds(10), "the consumer is connected") { consumer.status == .connected }
            try await node.deleteQueue(Names.scheduler, at: url)
            try await eventually(within: .seconds(10), "the queue is there again") {
                do {
                    try await publisher.publish(.test(), to: Names.commands, routingKey: "mailing.submit")
                    return true
                } catch BrokerError.unroutable {
                    return false
                }
            }
            let batch = try await within(.seconds(10)) { await consumer.batches.first { _ in true } }
            batch?.forEach { $0.ack() }
            try await isEmpty(Names.scheduler)
        }
    }

    @Test("a queue with other settings is named, and used once it is gone")
    func otherSettings() async throws {
        let host = address.virtualHost
        _ = try await node.evaluate(
            """
            {new, _} = rabbit_amqqueue:declare(rabbit_misc:r(<<"\(host)">>, queue, <<"waybill.tracker">>), true, false, [], none,
                <<"test">>)
            """)
        let publisher = publisher()
        try await running(publisher) {
            try await eventually(within: .seconds(10), "the status names the queue and what to do") {
                guard case .disconnected(let reason) = publisher.status else { return false }
                return reason.contains("waybill.tracker") && reason.contains("delete")
            }
            try await node.deleteQueue(Names.tracker, at: url)
            try await eventually(within: .seconds(10), "it is connected") { publisher.status == .connected }
        }
    }

    @Test("questions are answered, each with its own answer, however many are asked at once")
    func questions() async throws {
        let asker = Asker(at: address, app: "asker", logger: .quiet)
        let answerer = Answerer(queue: Names.claims, at: address, app: "answerer", logger: .quiet) { questions in
            questions.map { $0.body == Data("0".utf8) ? nil : (type: "echo", body: $0.body) }
        }
        try await running(asker, answerer) {
            try await withThrowingTaskGroup { group in
                for index in 1...200 {
                    group.addTask {
                        let body = Data("\(index)".utf8)
                        let answer = try await asker.ask("claim", body: body, of: Names.claims, within: .seconds(20))
                        #expect(answer.body == body)
                        #expect(answer.type == "echo")
                        #expect(answer.app == "answerer")
                    }
                }
                try await group.waitForAll()
            }
            await #expect(throws: BrokerError.unanswered(after: .milliseconds(300))) {
                try await asker.ask("claim", body: Data("0".utf8), of: Names.claims, within: .milliseconds(300))
            }
            await #expect(throws: BrokerError.unroutable(exchange: "", routingKey: "no-such-queue")) {
                try await asker.ask("claim", body: Data(), of: "no-such-queue", within: .seconds(20))
            }
            try await isEmpty(Names.claims)
        }
    }

    @Test("a publish that is cancelled returns at once")
    func cancelledPublish() async throws {
        let idle = publisher()  // nobody runs it: a publish waits
        let publish = Task { try await idle.publish(.test(), to: Names.commands, routingKey: "ticket") }
        publish.cancel()
        await #expect(throws: CancellationError.self) { try await within(.seconds(5)) { try await publish.value } }
    }

    @Test("graceful shutdown settles what was taken, gives back the rest, confirms what was published, and takes no more")
    func gracefulShutdown() async throws {
        let (publisher, consumer) = (publisher(), consumer(Names.tickets, prefetch: 10))
        let group = ServiceGroup(services: [publisher, consumer], logger: .quiet)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            try await withThrowingTaskGroup { publishes in
                for _ in 0..<30 {
                    publishes.addTask { try await publisher.publish(.test(), to: Names.commands, routingKey: Names.ticketKey) }
                }
                try await publishes.waitForAll()
            }
            var batches = consumer.batches.makeAsyncIterator()
            let taken = try #require(await batches.next())
            let late = (0..<10).map { _ in
                Task { try await publisher.publish(.test(), to: Names.commands, routingKey: "mailing.submit") }
            }
            try await Task.sleep(for: .milliseconds(50))
            await group.triggerGracefulShutdown()
            let start = ContinuousClock.now
            while let late = await batches.next() { late.forEach { $0.requeue() } }
            taken.forEach { $0.ack() }
            try await tasks.waitForAll()
            #expect(ContinuousClock.now - start < .seconds(10))
            var confirmed = 0
            for publish in late {
                do {
                    try await publish.value
                    confirmed += 1
                } catch BrokerError.shutDown {
                    continue
                }
            }
            #expect(try await node.depth(of: Names.scheduler, at: url) == (confirmed, 0))
            let left = 30 - taken.count
            try await eventually(within: .seconds(10), "what nobody acked is in the queue") {
                try await node.depth(of: Names.tickets, at: url) == (left, 0)
            }
            await #expect(throws: BrokerError.shutDown) {
                try await publisher.publish(.test(), to: Names.commands, routingKey: "ticket")
            }
        }
    }
}
