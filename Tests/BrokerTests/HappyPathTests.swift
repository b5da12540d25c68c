import Foundation
import Logging
import Mail
import Support
import Testing

@testable import Broker

@Suite("Messages over a real broker")
struct HappyPathTests {
    @Test("what is published arrives once, as it was, and is gone once acked")
    func publishAndConsume() async throws {
        let url = try await RabbitMQNode.shared.makeVirtualHost()
        let address = try BrokerAddress(url)
        let publisher = Publisher(to: address, app: "test", logger: .quiet)
        let consumer = Consumer(from: Names.scheduler, at: address, prefetch: 100, app: "test", logger: .quiet)
        try await running(publisher, consumer) {
            var message = Message.test("mailing.submit", body: "{}")
            message.headers = ["waybill-organization": "studio"]
            try await publisher.publish(message, to: Names.commands, routingKey: "mailing.submit")
            let batch = try #require(await consumer.batches.first { _ in true })
            #expect(batch.map(\.message) == [message])
            #expect(!batch[0].isRedelivered)
            batch[0].ack()
            try await eventually(within: .seconds(10), "the queue is empty") {
                try await RabbitMQNode.shared.depth(of: Names.scheduler, at: url) == (0, 0)
            }
            #expect(await publisher.depth(of: Names.scheduler) == 0)
        }
    }

    @Test("a question is answered")
    func questions() async throws {
        let address = try BrokerAddress(try await RabbitMQNode.shared.makeVirtualHost())
        let asker = Asker(at: address, app: "asker", logger: .quiet)
        let answerer = Answerer(queue: Names.claims, at: address, app: "answerer", logger: .quiet) { questions in
            questions.map { (type: "echo", body: $0.body) }
        }
        try await running(asker, answerer) {
            let answer = try await asker.ask("claim", body: Data("hello".utf8), of: Names.claims, within: .seconds(20))
            #expect(answer.body == Data("hello".utf8))
            #expect(answer.type == "echo")
            #expect(answer.app == "answerer")
        }
    }
}
