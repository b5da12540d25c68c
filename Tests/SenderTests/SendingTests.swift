import Broker
import Foundation
import Logging
import MIME
import Mail
import Runtime
import SMTP
import ServiceLifecycle
import Support
import Synchronization
import Testing

@testable import Sender

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Hands out jobs as the scheduler does, for senders under test.
private final class Desk: Sendable {
    private let state = Mutex(State())

    private struct State {
        var jobs: [Ticket: Job] = [:]
        var blobs: [ContentHash: Data] = [:]
        var refusals: [Ticket: ClaimRefusal.Reason] = [:]
        var owners: [Ticket: SessionID] = [:]
        var claims = 0
    }

    var claims: Int { state.withLock { $0.claims } }
    func owner(of job: Job) -> SessionID? { state.withLock { $0.owners[job.ticket] } }

    func put(_ job: Job) { state.withLock { $0.jobs[job.ticket] = job } }
    func refuse(_ ticket: Ticket, _ reason: ClaimRefusal.Reason) { state.withLock { $0.refusals[ticket] = reason } }

    func put(_ content: Content) throws -> ContentHash { put(try Wire.encode(content)) }

    func put(_ data: Data) -> ContentHash {
        let hash = ContentHash(of: data)
        state.withLock { $0.blobs[hash] = data }
        return hash
    }

    func answer(_ question: Message) -> (type: String, body: Data)? {
        do {
            switch question.type {
            case Questions.claim:
                let request = try Wire.decode(ClaimRequest.self, from: question.body)
                return (Questions.claimAnswer, try Wire.encode(claim(request)))
            case Questions.fetch:
                let request = try Wire.decode(BlobRequest.self, from: question.body)
                let blob = state.withLock { $0.blobs[request.hash] }
                return blob.map { (Questions.blob, $0) } ?? (Questions.missing, Data("{}".utf8))
            default: return nil
            }
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    private func claim(_ request: ClaimRequest) -> ClaimAnswer {
        state.withLock { state in
            state.claims += 1
            var answer = ClaimAnswer(jobs: [], refusals: [])
            for ticket in request.tickets {
                let owner = state.owners[ticket] ?? request.session
                if let reason = state.refusals[ticket] {
                    answer.refusals.append(ClaimRefusal(ticket: ticket, reason: reason))
                } else if owner != request.session {
                    answer.refusals.append(ClaimRefusal(ticket: ticket, reason: .claimed))
                } else if let job = state.jobs[ticket] {
                    state.owners[ticket] = owner
                    answer.jobs.append(job)
                } else {
                    answer.refusals.append(ClaimRefusal(ticket: ticket, reason: .unknown))
                }
            }
            return answer
        }
    }
}

/// A broker, a desk that hands out jobs, and everything the senders say.
private final class World: Sendable {
    let url: String
    let folder: TemporaryFolder
    let desk = Desk()
    let publisher: Publisher
    private let answerer: Answerer
    private let listener: Consumer
    private let heard = Mutex<[Fact]>([])

    var facts: [Fact] { heard.withLock { $0 } }

    init() async throws {
        url = try await RabbitMQNode.shared.makeVirtualHost()
        folder = try TemporaryFolder()
        let address = try BrokerAddress(url)
        publisher = Publisher(to: address, app: "test", logger: .quiet)
        let desk = desk
        answerer = Answerer(queue: Names.claims, at: address, app: "test", logger: .quiet) { $0.map(desk.answer) }
        listener = Consumer(from: Names.tracker, at: address, prefetch: 1000, app: "test", logger: .quiet)
    }

    func running<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup { group in
            for service in [publisher, answerer, listener] as [any Service] { group.addTask { try await service.run() } }
            group.addTask {
                for await batch in self.listener.batches {
                    for incoming in batch {
                        let message = incoming.message
                        let facts = try Wire.facts(kind: message.type, version: message.version, body: message.body)
                        self.heard.withLock { $0 += facts }
                        incoming.ack()
                    }
                }
            }
            let value = try await body()
            group.cancelAll()
            return value
        }
    }

    func issue(_ jobs: [Job]) async throws {
        for job in jobs {
            desk.put(job)
            try await issue(body: try Wire.encode([job.ticket]))
        }
    }

    func issue(body: Data, version: Int? = Wire.version) async throws {
        var message = Message(id: .fresh(), type: Names.ticketKey, app: "scheduler", timestamp: nil, body: body)
        message.version = version
        try await publisher.publish(message, to: Names.commands, routingKey: Names.ticketKey)
    }

    func outcomes(of delivery: DeliveryID) -> [Fact] { facts.filter { $0.body.delivery == delivery } }
    func hasEnded(_ session: SessionID) -> Bool { facts.contains { $0.body == .sessionEnded(SessionEnded(session: session)) } }

    /// Ready messages in a queue.
    func depth(of queue: String) async -> Int? { await publisher.depth(of: queue) }
}

/// A sender in this process, stopped as by SIGTERM.
private enum RunningSender {
    static func run<Value: Sendable>(
        in world: World, _ environment: [String: String], session: SessionID = .fresh(), within limit: Duration = .seconds(25),
        onListening: @escaping @Sendable (Int) -> Void = { _ in }, body: @Sendable (ServiceGroup) async throws -> Value
    ) async throws -> Value {
        var settings = Settings(
            environment: [
                "WAYBILL_AMQP_URL": world.url, "WAYBILL_DATA": world.folder.path, "WAYBILL_SECRET": TrackingKeys.testSecret,
                "WAYBILL_LISTEN": "127.0.0.1:0", "WAYBILL_PUBLIC_URL": "http://t.example", "WAYBILL_HELO": "sender.example",
            ].merging(environment) { $1 })
        let sending = try Sending(
            try SenderConfiguration(&settings), session: session, time: .system, logger: .quiet, onListening: onListening)
        var configuration = ServiceGroupConfiguration(
            services: sending.services.map {
                .init(
                    service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup)
            }, logger: .quiet)
        configuration.maximumGracefulShutdownDuration = limit
        let group = ServiceGroup(configuration: configuration)
        return try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            let value: Value
            do { value = try await body(group) } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }
}

@Suite("A sender at work", .serialized)
struct SendingTests {
    @Test("mail that a relay takes is delivered with everything it needs, reported, and the ticket settled")
    func delivered() async throws {
        let server = try await ScriptedSMTPServer.start()
        let world = try await World()
        let session = SessionID.fresh()
        try await world.running {
            let attachment = Data("%PDF-1.4 terms".utf8)
            let content = Content.test(
                attachments: [
                    AttachmentReference(
                        name: "Verträge.pdf", type: "application/pdf", size: attachment.count, hash: world.desk.put(attachment))
                ])
            let job = Job.test(
                audience: .mass, variables: ["name": "Ann <&>\r\nBcc: x@y.example"], content: try world.desk.put(content))
            try await RunningSender.run(in: world, ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(server.port)"], session: session) {
                _ in
                try await world.issue([job])
                try await eventually("an outcome") { !world.outcomes(of: job.delivery).isEmpty }
                try await eventually("the ticket is taken") { await world.depth(of: Names.tickets) == 0 }
            }
            try await eventually("the session's end") { world.hasEnded(session) }
            #expect(await world.depth(of: Names.tickets) == 0)

            let received = try #require(server.received.first)
            #expect(server.count == 1)
            #expect(received.from == "studio@example.com")
            #expect(received.recipients == ["ann@example.net"])
            let message = try ReadMessage(received.bytes)
            func header(_ name: String) -> String? { message.headers.first { $0.name.lowercased() == name.lowercased() }?.value }
            #expect(message.subject == "Your photos, Ann <&> Bcc: x@y.example")
            #expect(header("Bcc") == nil)
            #expect(header("Message-ID") == "<\(job.delivery)@example.com>")
            #expect(header("Date")?.contains("24 Nov 2025 16:00:00") == true)
            #expect(header("Auto-Submitted") == nil)
            #expect(message.from.map { [$0.name, $0.address] } == [["Studio Müller", "studio@example.com"]])
            #expect(message.to.map { [$0.name, $0.address] } == [["Ann Ä", "ann@example.net"]])
            #expect(message.attachments.map(\.name) == ["Verträge.pdf"])
            #expect(message.attachments.first?.bytes == [UInt8](attachment))
            let html = try #require(message.html)
            #expect(html.contains("Hi Ann &lt;&amp;&gt;"))
            #expect(html.contains("href=\"http://t.example/c/"))
            #expect(html.contains("<img src=\"http://t.example/o/"))
            #expect(message.text?.contains("Hi Ann") == true)

            guard case .attemptDelivered(let ended)? = world.outcomes(of: job.delivery).first?.body else {
                Issue.record("\(world.facts)")
                return
            }
            #expect(ended.reply?.code == 250)
            #expect(ended.session == session)
            #expect(ended.peer?.contains(":\(server.port)") == true)
            #expect(ended.transcript?.contains("RCPT TO") == true)
            #expect(ended.startedAt != nil)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: world.folder.path).filter { $0.hasPrefix("journal") }.isEmpty)
        }
        await server.stop()
    }

    @Test(
        "what a server does at each stage, the history says",
        arguments: [
            (
                ScriptedSMTPServer.Script().on(.recipient, .reply("450 4.7.1 Greylisted, wait 120 seconds")),
                Fact.Kind.attemptDeferred
            ),
            (.init().on(.recipient, .reply("550 5.1.1 No such user")), .attemptBounced),
            (.init().on(.dot, .reply("554 5.7.1 Spam")), .attemptBounced), (.init().on(.dot, .keeping(.drop)), .attemptUncertain),
            (.init().on(.dot, .keeping(.hang)), .attemptUncertain), (.init().on(.data, .reset), .attemptDeferred),
            (.init().on(.greeting, .reply("554 Not you")), .attemptDeferred), (.init().on(.mail, .hang), .attemptDeferred),
        ])
    func refused(script: ScriptedSMTPServer.Script, kind: Fact.Kind) async throws {
        let server = try await ScriptedSMTPServer.start(script)
        let world = try await World()
        try await world.running {
            let job = Job.test(content: try world.desk.put(Content.test()))
            let environment = ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(server.port)", "WAYBILL_SMTP_TIMEOUT": "1"]
            try await RunningSender.run(in: world, environment) { _ in
                try await world.issue([job])
                try await eventually("an outcome") { !world.outcomes(of: job.delivery).isEmpty }
                try await eventually("the ticket is taken") { await world.depth(of: Names.tickets) == 0 }
            }
            #expect(world.outcomes(of: job.delivery).map(\.kind) == [kind])
            if case .attemptDeferred(let ended)? = world.outcomes(of: job.delivery).first?.body, ended.reply?.code == 450 {
                #expect(ended.retryAfterSeconds == 120)
                #expect(ended.verdict?.reason == .greylisted)
            }
        }
        await server.stop()
    }

    @Test("a relay that says goodbye at the end of the message hands over to the next, and only that is told")
    func failover() async throws {
        let first = try await ScriptedSMTPServer.start(.init().on(.dot, .reply("421 4.3.2 Shutting down")))
        let second = try await ScriptedSMTPServer.start()
        let world = try await World()
        try await world.running {
            let job = Job.test(content: try world.desk.put(Content.test()))
            let transport = "smtp://127.0.0.1:\(first.port) smtp://127.0.0.1:\(second.port)"
            try await RunningSender.run(in: world, ["WAYBILL_TRANSPORT": transport]) { _ in
                try await world.issue([job])
                try await eventually("an outcome") { !world.outcomes(of: job.delivery).isEmpty }
            }
            #expect(world.outcomes(of: job.delivery).map(\.kind) == [.attemptDelivered])
            #expect(first.count == 0)
            #expect(second.count == 1)
            guard case .attemptDelivered(let ended)? = world.outcomes(of: job.delivery).first?.body else { return }
            #expect(ended.peer == "127.0.0.1:\(second.port)")
            #expect(ended.transcript?.contains("421 4.3.2 Shutting down") == true)
        }
        await first.stop()
        await second.stop()
    }

    @Test("straight to MX hosts the history has what DNS said", arguments: [true, false])
    func unroutable(isFinal: Bool) async throws {
        let dns = try await ScriptedDNSServer.start()
        dns.answer("example.net", .mx, isFinal ? .noSuchName : .serverFailure)
        let world = try await World()
        try await world.running {
            let job = Job.test(content: try world.desk.put(Content.test()))
            try await RunningSender.run(in: world, ["WAYBILL_TRANSPORT": "mx", "WAYBILL_DNS": dns.address]) { _ in
                try await world.issue([job])
                try await eventually("an outcome") { !world.outcomes(of: job.delivery).isEmpty }
            }
            switch world.outcomes(of: job.delivery).first?.body {
            case .attemptBounced(let ended):
                #expect(isFinal)
                #expect(ended.verdict?.reason == .domainUnknown && ended.verdict?.class == .hard)
                #expect(ended.detail == "There is no domain example.net.")
            case .attemptDeferred(let ended):
                #expect(!isFinal)
                #expect(ended.verdict?.reason == .network)
            default: Issue.record("\(world.facts)")
            }
        }
        await dns.stop()
    }

    @Test(
        "whatever keeps the answer to the dot from us makes the attempt uncertain, in words that say how",
        arguments: [
            (ScriptedSMTPServer.Action.hang, "did not answer within 1.0 seconds"), (.drop, "closed the connection"),
            (.reset, "Connection reset by peer"), (.after(.seconds(3), .accept), "did not answer within 1.0 seconds"),
            (.raw(Array("25".utf8)), "did not answer within 1.0 seconds"),
            (.both(.raw(Array("250-2.0.0 Queued\r\n".utf8)), .drop), "closed the connection"),
            (.both(.raw(Array("25".utf8)), .reset), "Connection reset by peer"),
            (.raw(Array("hello\r\n".utf8)), "does not speak SMTP as it should"),
        ])
    func unanswered(action: ScriptedSMTPServer.Action, words: String) async throws {
        let server = try await ScriptedSMTPServer.start(.init().on(.dot, .keeping(action)))
        let world = try await World()
        try await world.running {
            let job = Job.test(content: try world.desk.put(Content.test()))
            let environment = ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(server.port)", "WAYBILL_SMTP_TIMEOUT": "1"]
            try await RunningSender.run(in: world, environment) { _ in
                try await world.issue([job])
                try await eventually("an outcome") { !world.outcomes(of: job.delivery).isEmpty }
                try await eventually("the ticket is taken") { await world.depth(of: Names.tickets) == 0 }
            }
            guard case .attemptUncertain(let ended)? = world.outcomes(of: job.delivery).first?.body else {
                Issue.record("\(world.facts)")
                return
            }
            #expect(ended.detail?.contains(words) == true, "\(ended.detail ?? "")")
            #expect(ended.detail?.contains("so it may have arrived") == true)
            #expect(ended.transcript?.contains("The message may have left.") == true)
            #expect(ended.reply == nil && ended.verdict == nil)
        }
        await server.stop()
    }

    @Test("while the disk is full no mail is sent and readiness says why; once there is room each is sent, once")
    func fullDisk() async throws {
        guard let disk = try SmallDisk(kilobytes: 64) else { return }
        let server = try await ScriptedSMTPServer.start()
        let world = try await World()
        let (ports, opened) = AsyncStream<Int>.makeStream()
        try await world.running {
            let hash = try world.desk.put(Content.test())
            let jobs = (0..<10).map { Job.test($0, recipient: "user\($0)@example.net", content: hash) }
            let environment = ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(server.port)", "WAYBILL_DATA": disk.folder.path]
            try await RunningSender.run(in: world, environment, onListening: { opened.yield($0) }) { _ in
                var iterator = ports.makeAsyncIterator()
                let port = try #require(await iterator.next())
                func ready() async throws -> (status: Int, text: String) {
                    guard let url = URL(string: "http://127.0.0.1:\(port)/readyz") else { throw URLError(.badURL) }
                    let (data, response) = try await URLSession.shared.data(from: url)
                    return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
                }
                try await eventually("it is ready") { try await ready().status == 200 }
                try disk.fill()
                try await world.issue(jobs)
                try await eventually("readiness says what is missing") {
                    let (status, text) = try await ready()
                    return status == 503 && text.contains("No space left on device")
                }
                // Each has been tried, up to where the dot would have been sent.
                try await eventually("all wait for the journal") { server.reached(.data) >= jobs.count }
                #expect(server.count == 0 && server.reached(.dot) == 0)
                #expect(world.facts.isEmpty)

                try disk.clear()
                try await eventually(within: .seconds(30), "all are delivered") {
                    world.facts.filter { $0.kind == .attemptDelivered }.count == jobs.count
                }
                try await eventually("it is ready again") { try await ready().status == 200 }
            }
            #expect(server.count == jobs.count)
            #expect(Set(server.received.flatMap(\.recipients)).count == jobs.count)
            #expect(world.facts.allSatisfy { [.attemptDelivered, .sessionEnded].contains($0.kind) })
        }
        await server.stop()
    }

    @Test("a sender that is asked to stop while the broker is away does not wait for it")
    func stopsWithoutBroker() async throws {
        let world = try await World()
        let broker = try FakeBroker()
        let start = try await RunningSender.run(in: world, ["WAYBILL_AMQP_URL": broker.url]) { _ in
            try await eventually("it is connected, to publish, to ask and to consume") { broker.connections == 3 }
            broker.stop()
            return ContinuousClock.now
        }
        // Five seconds for its last words; with the broker's own deadline, which nothing waited for, it would be twenty-five.
        #expect(.now - start < .seconds(15))
        #expect(try FileManager.default.contentsOfDirectory(atPath: world.folder.path).contains { $0.hasPrefix("journal-") })
    }

    @Test("a server that is not there defers")
    func unreachable() async throws {
        let world = try await World()
        try await world.running {
            let job = Job.test(content: try world.desk.put(Content.test()))
            try await RunningSender.run(in: world, ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(try Ports.free())"]) { _ in
                try await world.issue([job])
                try await eventually("an outcome") { world.outcomes(of: job.delivery).map(\.kind) == [.attemptDeferred] }
            }
        }
    }

    @Test("many mails go over few connections, a ticket that comes twice sends once, refusals and nonsense are settled")
    func many() async throws {
        let server = try await ScriptedSMTPServer.start()
        let world = try await World()
        try await world.running {
            let hash = try world.desk.put(Content.test())
            let jobs = (0..<200).map { Job.test($0, recipient: "user\($0)@example.net", content: hash) }
            let cancelled = Ticket(delivery: .derived(from: "cancelled"), attempt: 1)
            world.desk.refuse(cancelled, .cancelled)
            let environment = ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(server.port)", "WAYBILL_CONCURRENCY": "8"]
            try await RunningSender.run(in: world, environment) { _ in
                try await world.issue(body: Data("{\"delivery\":\"nonsense\"}".utf8))
                try await world.issue(body: Data("{}".utf8), version: 7)
                try await world.issue(body: try Wire.encode([cancelled]))
                for _ in 0..<2 { try await world.issue(jobs) }
                try await eventually(within: .seconds(30), "all outcomes") { world.facts.count >= 200 }
                try await eventually("the tickets are taken") { await world.depth(of: Names.tickets) == 0 }
            }
            #expect(server.count == 200)
            #expect(Set(server.received.flatMap(\.recipients)).count == 200)
            #expect(server.connections <= 24)
            #expect(world.desk.claims < 400)
            #expect(world.facts.filter { $0.kind == .attemptDelivered }.count == 200)
            #expect(await world.depth(of: Names.deadLetters) == 2)
        }
        await server.stop()
    }

    @Test("tickets that come in one message are each worked on once; what has no slot here goes to another sender")
    func bundles() async throws {
        let server = try await ScriptedSMTPServer.start(.init().on(.dot, turns: 1...4, .keeping(.hang)))
        let world = try await World()
        try await world.running {
            let hash = try world.desk.put(Content.test())
            let jobs = (0..<12).map { Job.test($0, recipient: "user\($0)@example.net", content: hash) }
            for job in jobs { world.desk.put(job) }
            let cancelled = Ticket(delivery: .derived(from: "cancelled"), attempt: 1)
            world.desk.refuse(cancelled, .cancelled)
            let environment = [
                "WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(server.port)", "WAYBILL_CONCURRENCY": "4", "WAYBILL_DRAIN": "1",
            ]
            @Sendable func issue(_ tickets: [Ticket]) async throws { try await world.issue(body: try Wire.encode(tickets)) }
            try await RunningSender.run(in: world, environment) { _ in
                try await issue(jobs[..<4].map(\.ticket))
                try await eventually("all slots hang at the dot") { server.reached(.dot) == 4 }
                try await issue(jobs[4..<8].map(\.ticket) + [cancelled])
                try await issue(jobs[8...].map(\.ticket) + [jobs[8].ticket])
                try await RunningSender.run(in: world, environment) { _ in
                    try await eventually("the other sender delivers the rest") {
                        world.facts.filter { $0.kind == .attemptDelivered }.count == 8
                    }
                }
            }
            #expect(Set(server.received.flatMap(\.recipients)).count == 12)
            #expect(server.count == 12)
            // Of what hung, the last words came from the journal; those tickets are spent.
            try await eventually("the others are settled") { await world.depth(of: Names.tickets) == 1 }
        }
        await server.stop()
    }

    @Test("mail that cannot be made has failed, in words: nobody refused it")
    func uncomposable() async throws {
        let world = try await World()
        try await world.running {
            let jobs = [
                Job.test(1, content: ContentHash(of: Data("nowhere".utf8))),
                Job.test(2, content: try world.desk.put(Content.test(html: "{{#open}}"))),
            ]
            try await RunningSender.run(in: world, [:]) { _ in
                try await world.issue(jobs)
                try await eventually("outcomes") { world.facts.filter { $0.kind == .deliveryFailed }.count == 2 }
            }
            for fact in world.facts {
                guard case .deliveryFailed(let failed) = fact.body else { continue }
                #expect(failed.reason == .unreadableContent)
                #expect(failed.detail?.isEmpty == false)
            }
            #expect(!world.facts.contains { $0.kind == .attemptBounced })
        }
    }

    @Test("asked to stop, a sender finishes what is in flight and hands back the rest")
    func drains() async throws {
        let server = try await ScriptedSMTPServer.start(.init().on(.dot, .after(.seconds(1), .accept)))
        let world = try await World()
        try await world.running {
            let hash = try world.desk.put(Content.test())
            let jobs = (0..<20).map { Job.test($0, recipient: "user\($0)@example.net", content: hash) }
            let environment = ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(server.port)", "WAYBILL_CONCURRENCY": "4"]
            try await RunningSender.run(in: world, environment) { _ in
                try await world.issue(jobs)
                try await eventually("four at the dot") { server.reached(.dot) >= 4 }
            }
            let delivered = world.facts.filter { $0.kind == .attemptDelivered }.count
            #expect(delivered == server.count)
            #expect((4...12).contains(delivered))
            #expect(!world.facts.contains { $0.kind == .attemptUncertain })
            try await eventually("the rest is back in the queue") {
                await world.depth(of: Names.tickets) == 20 - delivered
            }
        }
        await server.stop()
    }

    @Test("what is still at the dot when the time is up is uncertain, and the session ends after that")
    func deadline() async throws {
        let server = try await ScriptedSMTPServer.start(.init().on(.dot, .keeping(.hang)))
        let world = try await World()
        let session = SessionID.fresh()
        try await world.running {
            let job = Job.test(content: try world.desk.put(Content.test()))
            let environment = ["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(server.port)", "WAYBILL_DRAIN": "1"]
            try await RunningSender.run(in: world, environment, session: session) { _ in
                try await world.issue([job])
                try await eventually("at the dot") { server.reached(.dot) == 1 }
            }
            try await eventually("the session's end") { world.hasEnded(session) }
            #expect(world.facts.map(\.kind) == [.attemptUncertain, .sessionEnded])
        }
        await server.stop()
    }

    @Test("a sender tells what one that died left behind, while two share the folder")
    func inherits() async throws {
        let world = try await World()
        try await world.running {
            let dead = SessionID.fresh()
            let entry = JournalEntry(
                delivery: .derived(from: "lost"), attempt: 1, mailing: .derived(from: "m"), organization: "acme",
                startedAt: Timestamp(microseconds: 1), dotAt: Timestamp(microseconds: 2))
            var line: [UInt8] = []
            try JournalRecord.dot(entry).append(to: &line)
            try Data(line).write(to: world.folder.url.appendingPathComponent(JournalFile.name(of: dead)))
            try await RunningSender.run(in: world, [:]) { _ in
                try await RunningSender.run(in: world, [:]) { _ in
                    try await eventually("the dead one's end") { world.hasEnded(dead) }
                }
            }
            #expect(world.facts.prefix(2).map(\.kind) == [.attemptUncertain, .sessionEnded])
            #expect(world.facts.filter { $0.kind == .attemptUncertain } == [entry.uncertain(session: dead)])
            try await eventually("all three have ended") { world.facts.filter { $0.kind == .sessionEnded }.count == 3 }
        }
    }
}
