import Broker
import Foundation
import GRDB
import Logging
import Mail
import Runtime
import ServiceLifecycle
import Store
import Support
import Testing

@testable import Tracker

/// The whole tracker in this process, over a real broker.
@Suite(.timeLimit(.minutes(3))) struct ServiceTests {
    /// A tracker that runs while `body` does, and stops in good order.
    private func running(
        at broker: String, data: TemporaryFolder, role: TrackerProcess.Role = .all, waitsFor path: String = "/readyz",
        _ body: (_ console: Int, _ front: Int, _ publisher: Publisher) async throws -> Void
    ) async throws {
        let (console, front) = (try Ports.free(), try Ports.free())
        var settings = Settings(environment: [
            "WAYBILL_AMQP_URL": broker, "WAYBILL_DATA": data.path, "WAYBILL_SECRET": Sample.secret,
            "WAYBILL_LISTEN": "127.0.0.1:\(console)", "WAYBILL_PUBLIC_LISTEN": "127.0.0.1:\(front)",
        ])
        let configuration = try TrackerConfiguration(&settings)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let publisher = Publisher(to: configuration.common.broker, app: "test", logger: logger)
        let process = TrackerProcess(configuration: configuration, role: role, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [publisher] + (try await process.services()), logger: logger))
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            do {
                try await eventually(within: .seconds(60), "the tracker is ready") {
                    (try? await get(console, path))?.hasPrefix("HTTP/1.1 200") ?? false
                }
                try await body(console, front, publisher)
            } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// The whole answer, head and body.
    private func get(_ port: Int, _ path: String, _ headers: String = "") async throws -> String {
        try await onThread {
            let socket = try LoopbackSocket(port: port, receiveTimeout: 20)
            try socket.send(Data("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(headers)\r\n".utf8))
            return String(decoding: try socket.receiveAll(), as: UTF8.self)
        }
    }

    private func authorization() async throws -> String {
        let principal = Principal(organization: "acme", subject: "test", scopes: [.read])
        let token = try await APITokens(secret: Sample.secret).issue(principal, validFor: .seconds(3600), at: Timestamp(Date()))
        return "Authorization: Bearer \(token)\r\n"
    }

    @Test("facts, an opening and a click come through the broker into the history; a restart forgets nothing")
    func story() async throws {
        let broker = try await RabbitMQNode.shared.makeVirtualHost()
        let data = try TemporaryFolder()
        let authorization = try await authorization()
        let keys = try #require(TrackingKeys(secret: Sample.secret))
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"])
        let delivery = accepted.recipients[0].delivery
        let facts = [
            sample.fact(.mailingAccepted(accepted)),
            sample.fact(
                .attemptDelivered(AttemptEnded(delivery: delivery, mailing: accepted.mailing, attempt: 1, session: sample.id()))),
        ]
        let path = "/v1/mailings/\(accepted.mailing)"
        try await running(at: broker, data: data) { console, front, publisher in
            try await publisher.publish(facts)
            try await publisher.publish(facts)
            let open = try #require(keys.sign(TrackingToken(organization: "acme", delivery: delivery, purpose: .open)))
            let click = try #require(
                keys.sign(
                    TrackingToken(
                        organization: "acme", delivery: delivery, purpose: .click(link: 0, target: "https://example.com/x"))))
            #expect(try await get(front, "/o/\(open)", "User-Agent: \(Sample.gmail)\r\n").contains("image/gif"))
            #expect(try await get(front, "/c/\(click)", "User-Agent: \(Sample.thunderbird)\r\n").contains("https://example.com/x"))
            try await eventually(within: .seconds(30), "the history shows the opening and the click") {
                let answer = try await get(console, path, authorization)
                return answer.contains(#""clicks":{"all":1,"people":1}"#) && answer.contains(#""opens":{"all":1,"people":1}"#)
                    && answer.contains(#""delivered":1"#)
            }
            #expect(try await get(console, "/").contains("<html"))
            #expect(try await get(console, "/metrics").hasPrefix("HTTP/1.1 200"))
            #expect(try await get(front, "/metrics").hasPrefix("HTTP/1.1 404"))
        }
        try await running(at: broker, data: data, role: .private) { console, _, _ in
            let answer = try await get(console, path, authorization)
            #expect(answer.contains(#""clicks":{"all":1,"people":1}"#))
        }
    }

    @Test("hits that are answered while the broker is away are in the history, each once, when it is back")
    func brokerAway() async throws {
        let data = try TemporaryFolder()
        let keys = try #require(TrackingKeys(secret: Sample.secret))
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"])
        let delivery = accepted.recipients[0].delivery
        let fact = sample.fact(.mailingAccepted(accepted))
        let open = try #require(keys.sign(TrackingToken(organization: "acme", delivery: delivery, purpose: .open)))
        try await running(at: "amqp://127.0.0.1:\(try Ports.free())/", data: data, role: .public, waitsFor: "/healthz") {
            _, front, _ in
            for _ in 0..<25 {
                let answer = try await get(front, "/o/\(open)", "User-Agent: \(Sample.gmail)\r\n")
                #expect(answer.contains("image/gif"))
            }
        }
        let authorization = try await authorization()
        try await running(at: try await RabbitMQNode.shared.makeVirtualHost(), data: data) { console, _, publisher in
            try await publisher.publish([fact])
            try await eventually(within: .seconds(30), "all 25 views are in the history") {
                try await get(console, "/v1/mailings/\(accepted.mailing)", authorization).contains(
                    #""opens":{"all":25,"people":25}"#)
            }
        }
    }

    @Test("messages that nobody can read end in the dead letters, each with its reason, while good ones go on")
    func poison() async throws {
        let node = try await RabbitMQNode.shared
        let broker = try await node.makeVirtualHost()
        let authorization = try await authorization()
        let kind = Fact.Kind.mailingAccepted.rawValue
        func message(_ body: Data, type: String = kind, version: Int? = Wire.version, contentType: String = Wire.contentType)
            -> Message
        {
            var message = Message(id: .fresh(), type: type, app: "test", timestamp: nil, body: body)
            message.version = version
            message.contentType = contentType
            return message
        }
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"])
        let good = sample.fact(.mailingAccepted(accepted))
        let poison = [
            message(Data()), message(Data("x".utf8)), message(Data("[{]".utf8)), message(Data([0xFF, 0xFE, 0x00])),
            message(Data(String(repeating: "[", count: 100_000).utf8)), message(try Wire.encode([good]), version: 99),
            message(try Wire.encode([good]), version: nil), message(try Wire.encode([good]), type: "mailing.exploded"),
            message(try Wire.encode([good]), type: Fact.Kind.attemptStarted.rawValue), message(Data(#"[{"id":7}]"#.utf8)),
            message(Data(#"{"not":"a list"}"#.utf8)), message(try Wire.encode([good]), contentType: "text/plain"),
            message(Data(repeating: 0x20, count: 4 << 20)),
        ]
        try await running(at: broker, data: try TemporaryFolder()) { console, _, publisher in
            for bad in poison { try await publisher.publish(bad, to: Names.facts, routingKey: kind) }
            try await publisher.publish([good])
            try await eventually(within: .seconds(60), "the good fact is in the history") {
                try await get(console, "/v1/mailings/\(accepted.mailing)", authorization).contains("ann@example.net")
            }
            try await eventually(within: .seconds(60), "every bad message is in the dead letters") {
                await publisher.depth(of: Names.deadLetters) == poison.count
            }
            try await eventually(within: .seconds(30), "nothing is left in the tracker's queue") {
                let depth = try await node.depth(of: Names.tracker, at: broker)
                return depth.ready == 0 && depth.unsettled == 0
            }
        }
        let reasons = try await reasons(at: broker, count: poison.count)
        #expect(reasons.count == poison.count)
        #expect(reasons.contains { $0.contains("nested deeper than 64") } && reasons.contains { $0.contains("version is 99") })
        #expect(reasons.contains { $0.contains("mailing.exploded") } && reasons.contains { $0.contains("text/plain") })
    }

    @Test("a message that can be read and not be recorded is set aside alone; its neighbours in the batch are recorded")
    func unrecordable() async throws {
        let broker = try await RabbitMQNode.shared.makeVirtualHost()
        let authorization = try await authorization()
        let data = try TemporaryFolder()
        try await refuseFacts(of: "bad", in: data)
        var (sample, bad) = (Sample(), Sample(seed: 2, organization: "bad"))
        let good = try (0..<20).map { _ in sample.fact(.mailingAccepted(try sample.accepted(to: ["ann@example.net"]))) }
        let message = Message(
            id: .fresh(), type: Fact.Kind.mailingAccepted.rawValue, app: "test", timestamp: nil,
            body: try Wire.encode([bad.fact(.mailingAccepted(try bad.accepted(to: ["bob@example.net"])))]))
        try await running(at: broker, data: data) { console, _, publisher in
            for fact in good.prefix(10) { try await publisher.publish([fact]) }
            try await publisher.publish(message, to: Names.facts, routingKey: message.type)
            for fact in good.suffix(10) { try await publisher.publish([fact]) }
            try await eventually(within: .seconds(30), "every good mailing is in the history and the bad one set aside") {
                let answer = try await get(console, "/v1/history", authorization)
                let aside = await publisher.depth(of: Names.deadLetters)
                return answer.split(separator: #""acceptedAt""#).count == 21 && aside == 1
            }
        }
    }

    /// Makes the file refuse whatever an organization reports.
    private func refuseFacts(of organization: String, in data: TemporaryFolder) async throws {
        let store = try Sample.store(in: data.url)
        try await store.write { database in
            try database.execute(
                sql: """
                    CREATE TRIGGER fault BEFORE INSERT ON facts WHEN new.organization = '\(organization)'
                    BEGIN SELECT raise(ABORT, 'no'); END
                    """)
        }
        try store.close()
    }

    /// Takes the dead letters and tells why each is there.
    private func reasons(at broker: String, count: Int) async throws -> [String] {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let consumer = Consumer(from: Names.deadLetters, at: try BrokerAddress(broker), prefetch: 100, app: "test", logger: logger)
        return try await withThrowingTaskGroup { group in
            group.addTask { try await consumer.run() }
            var reasons: [String] = []
            for await batch in consumer.batches {
                for incoming in batch {
                    reasons.append(incoming.message.headers.values.joined(separator: " "))
                    incoming.ack()
                }
                if reasons.count >= count { break }
            }
            group.cancelAll()
            try await group.waitForAll()
            return reasons
        }
    }

    @Test("live news comes as server-sent events, and what was missed is told to who comes again")
    func stream() async throws {
        let broker = try await RabbitMQNode.shared.makeVirtualHost()
        let authorization = try await authorization()
        var sample = Sample()
        let first = sample.fact(.mailingAccepted(try sample.accepted(to: ["ann@example.net"])))
        let second = try sample.accepted(to: ["bob@example.net"])
        let secondFact = sample.fact(.mailingAccepted(second))
        try await running(at: broker, data: try TemporaryFolder()) { console, _, publisher in
            try await publisher.publish([first])
            try await eventually(within: .seconds(30), "the first fact is recorded") {
                try await get(console, "/v1/history", authorization).contains("ann@example.net")
            }
            try await publisher.publish([secondFact])
            let news = try await onThread {
                let socket = try LoopbackSocket(port: console, receiveTimeout: 20)
                try socket.send(Data("GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 1\r\n\(authorization)\r\n".utf8))
                var text = ""
                while !text.contains(second.mailing.description) {
                    let some = try socket.receive(upTo: 65_536)
                    guard !some.isEmpty else { break }
                    text += String(decoding: some, as: UTF8.self)
                }
                return text
            }
            #expect(news.contains("text/event-stream") && news.contains("id: 2\nevent: fact\n"))
            #expect(!news.contains("id: 1\n"))
        }
    }
}
