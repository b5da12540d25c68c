import Broker
import Foundation
import Logging
import Mail
import Runtime
import ServiceLifecycle
import Store
import Support
import Synchronization
import Testing

@testable import Scheduler

@Suite("The whole scheduler, on a real broker", .serialized)
struct SchedulerServiceTests {
    /// A sender and a tracker, as far as the scheduler can tell.
    private final class World: Sendable {
        let url: String
        let node: RabbitMQNode
        let scheduler: SchedulerService
        let publisher: Publisher
        let asker: Asker
        let tickets: Consumer
        let session = SessionID.fresh()
        private let history: Consumer
        private let seenFacts = Mutex<[Fact]>([])
        private let seenTickets = Mutex<[Ticket]>([])

        var facts: [Fact] { seenFacts.withLock { $0 } }
        var ticketsSeen: [Ticket] { seenTickets.withLock { $0 } }

        init(folder: TemporaryFolder) async throws {
            node = try await RabbitMQNode.shared
            url = try await node.makeVirtualHost()
            var settings = Settings(environment: [
                "WAYBILL_AMQP_URL": url, "WAYBILL_DATA": folder.path, "WAYBILL_SECRET": String(repeating: "s", count: 40),
                "WAYBILL_LISTEN": "127.0.0.1:\(try Ports.free())", "WAYBILL_TICKET_AGE": "1",
            ])
            let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            let configuration = try SchedulerConfiguration(&settings)
            scheduler = try await SchedulerService(configuration, time: .system, logger: logger)
            publisher = Publisher(to: configuration.common.broker, app: "test", logger: logger)
            asker = Asker(at: configuration.common.broker, app: "test", logger: logger)
            tickets = Consumer(from: Names.tickets, at: configuration.common.broker, prefetch: 100, app: "test", logger: logger)
            history = Consumer(from: Names.tracker, at: configuration.common.broker, prefetch: 100, app: "test", logger: logger)
        }

        /// Runs everything beside `body`, then stops it as a signal would.
        func run(_ body: () async throws -> Void) async throws {
            let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            let group = ServiceGroup(
                services: scheduler.parts + [publisher, asker, tickets, history], gracefulShutdownSignals: [], logger: logger)
            try await withThrowingTaskGroup { tasks in
                tasks.addTask { try await group.run() }
                tasks.addTask {
                    for await batch in self.history.batches {
                        for incoming in batch {
                            let message = incoming.message
                            // Poison meant for the scheduler comes here too.
                            do throws(Wire.Unreadable) {
                                let facts = try Wire.facts(kind: message.type, version: message.version, body: message.body)
                                self.seenFacts.withLock { $0 += facts }
                            } catch {}
                            incoming.ack()
                        }
                    }
                }
                tasks.addTask {
                    for await batch in self.tickets.batches {
                        for incoming in batch {
                            let tickets = try Wire.decode([Ticket].self, from: incoming.message.body)
                            self.seenTickets.withLock { $0 += tickets }
                            incoming.ack()
                        }
                    }
                }
                let outcome: Result<Void, any Error>
                do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                try outcome.get()
            }
        }

        func send(_ command: Command) async throws {
            try await send(try command.encoded(), type: command.kind.rawValue)
        }

        func send(_ body: Data, type: String, to exchange: String = Names.commands, key: String? = nil, version: Int? = 1)
            async throws
        {
            var message = Message(id: .fresh(), type: type, app: "test", timestamp: nil, body: body)
            message.version = version
            try await publisher.publish(message, to: exchange, routingKey: key ?? type)
        }

        func ask<Answer: Decodable>(_ type: String, _ question: some Encodable, as answer: Answer.Type) async throws -> Answer {
            let message = try await asker.ask(type, body: try Wire.encode(question), of: Names.claims, within: .seconds(20))
            return try Wire.decode(answer, from: message.body)
        }

        func report(_ body: Fact.Body) async throws {
            try await publisher.publish([
                Fact(id: .fresh(), organization: Samples.organization, occurredAt: TimeSource.system.now(), body: body)
            ])
        }

        func states(_ mailing: MailingID) async throws -> [DeliveryState] {
            try await scheduler.ledger.summary(of: mailing, for: Samples.organization)?.deliveries.map(\.state) ?? []
        }

        func folded(_ mailing: MailingID) -> [DeliveryState] {
            let about = facts.filter { $0.body.mailing == mailing }
            return Set(about.compactMap(\.body.delivery)).map { delivery in
                DeliveryStatus(folding: about.filter { $0.body.delivery == delivery }).state
            }
        }
    }

    @Test("takes a command, issues tickets, grants claims, gives out content and learns what became of it", .timeLimit(.minutes(2)))
    func wholeWay() async throws {
        let folder = try TemporaryFolder()
        let world = try await World(folder: folder)
        try await world.run {
            let mailing = MailingID.fresh()
            let submission = try Samples.submission(to: ["ann@example.net", "bob@example.net", "cy@example.net"]) {
                $0.attachments = [Samples.attachment]
            }
            let submit = Command.submitMailing(organization: Samples.organization, mailing: mailing, submission)
            try await world.send(submit)
            try await world.send(submit)
            try await eventually(within: .seconds(30), "three tickets") { Set(world.ticketsSeen).count == 3 }
            let tickets = Array(Set(world.ticketsSeen))
            let answer = try await world.ask(
                Questions.claim, ClaimRequest(session: world.session, slots: 32, tickets: tickets), as: ClaimAnswer.self)
            #expect(answer.jobs.count == 3)
            let job = try #require(answer.jobs.first)
            let content = try await world.ask(Questions.fetch, BlobRequest(hash: job.content), as: Content.self)
            let reference = try #require(content.attachments.first)
            let bytes = try await world.asker.ask(
                Questions.fetch, body: try Wire.encode(BlobRequest(hash: reference.hash)), of: Names.claims, within: .seconds(20))
            #expect((bytes.type, bytes.body) == (Questions.blob, Samples.attachment.content))
            for job in answer.jobs {
                try await world.report(
                    .attemptDelivered(
                        AttemptEnded(delivery: job.delivery, mailing: mailing, attempt: 1, session: world.session)))
            }
            try await eventually(within: .seconds(30), "all are delivered") {
                try await world.states(mailing) == [.delivered, .delivered, .delivered]
            }
            try await eventually(within: .seconds(30), "the facts say so too") {
                world.folded(mailing) == [.delivered, .delivered, .delivered]
            }
            #expect(world.facts.filter { $0.kind == .mailingAccepted }.count == 1)
            #expect(world.facts.filter { $0.kind == .attemptStarted }.count == 3)
            let gone = try await world.asker.ask(
                Questions.fetch, body: try Wire.encode(BlobRequest(hash: reference.hash)), of: Names.claims, within: .seconds(20))
            #expect(gone.type == Questions.missing)
        }
    }

    @Test("issues tickets again that came to nothing", .timeLimit(.minutes(2)))
    func lostTickets() async throws {
        let folder = try TemporaryFolder()
        let world = try await World(folder: folder)
        try await world.run {
            try await world.send(
                .submitMailing(organization: Samples.organization, mailing: .fresh(), try Samples.submission()))
            // The test acks every ticket and claims none.
            try await eventually(within: .seconds(30), "the same ticket twice") {
                world.ticketsSeen.count >= 2 && Set(world.ticketsSeen).count == 1
            }
        }
    }

    @Test("tells of a refused submission and carries out the others", .timeLimit(.minutes(2)))
    func refusedSubmission() async throws {
        let folder = try TemporaryFolder()
        let world = try await World(folder: folder)
        try await world.run {
            let (bad, good) = (MailingID.fresh(), MailingID.fresh())
            try await world.send(
                .submitMailing(
                    organization: Samples.organization, mailing: bad,
                    try Samples.submission { $0.subject = "a\r\nBcc: eve@example.com" }))
            try await world.send(
                .submitMailing(
                    organization: Samples.organization, mailing: good, try Samples.submission { $0.sendAt = "2100-01-01T00:00:00Z" }
                ))
            try await eventually(within: .seconds(30), "the refusal is told") {
                world.facts.contains {
                    guard case .mailingRefused(let refused) = $0.body else { return false }
                    return refused.mailing == bad && refused.problems.first?.hasPrefix("/subject: ") == true
                }
            }
            try await world.send(.cancelMailing(organization: Samples.organization, mailing: good, by: "ann"))
            try await eventually(within: .seconds(30), "the other was scheduled and then cancelled") {
                try await world.states(good) == [.cancelled]
            }
        }
    }

    @Test("puts what it cannot read among the dead letters, with the reason, and goes on", .timeLimit(.minutes(2)))
    func poison() async throws {
        let folder = try TemporaryFolder()
        let world = try await World(folder: folder)
        try await world.run {
            let nested = Data(String(repeating: "[", count: 100_000).utf8)
            let submit = Command.Kind.mailingSubmit.rawValue
            try await world.send(Data(), type: submit)
            try await world.send(nested, type: submit)
            try await world.send(Data("{}".utf8), type: submit, version: 2)
            try await world.send(Data("{}".utf8), type: "nonsense", key: submit)
            try await world.send(Data([0xFF, 0xFE]), type: submit)
            try await world.send(.cancelMailing(organization: Samples.organization, mailing: .fresh(), by: nil))
            try await world.send(.cancelDelivery(organization: "two words", delivery: .fresh(), by: nil))
            try await world.send(nested, type: Fact.Kind.attemptDelivered.rawValue, to: Names.facts, key: "attempt.bounced")
            try await world.send(Data("{}".utf8), type: "attempt.nonsense", to: Names.facts, key: "attempt.bounced")
            await #expect(throws: BrokerError.self) {
                try await world.asker.ask(Questions.claim, body: nested, of: Names.claims, within: .milliseconds(500))
            }
            try await eventually(within: .seconds(30), "ten dead letters") {
                try await world.node.depth(of: Names.deadLetters, at: world.url).ready == 10
            }
            let mailing = MailingID.fresh()
            try await world.send(
                .submitMailing(organization: Samples.organization, mailing: mailing, try Samples.submission()))
            try await eventually(within: .seconds(30), "the next mailing is taken on") {
                try await world.states(mailing) == [.pending]
            }
            let depth = try await world.node.depth(of: Names.scheduler, at: world.url)
            #expect(depth.ready == 0)
        }
    }
}
