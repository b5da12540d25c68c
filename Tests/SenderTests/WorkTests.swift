import Broker
import Foundation
import Mail
import Runtime
import SMTP
import Support
import Synchronization
import Testing

@testable import Sender

@Suite("Attempts under way")
struct AttemptsUnderWayTests {
    @Test("a ticket that comes twice is worked on once, while under way and after")
    func once() {
        let attempts = AttemptsUnderWay(memory: 2)
        let tickets = (1...4).map { Ticket(delivery: .derived(from: "d"), attempt: $0) }
        #expect(attempts.begin(tickets[0]))
        #expect(!attempts.begin(tickets[0]))
        #expect(attempts.forget(tickets[0]), "another had come")
        #expect(attempts.begin(tickets[0]))
        #expect(!attempts.forget(tickets[0]))
        #expect(attempts.begin(tickets[0]))
        attempts.finish(tickets[0])
        #expect(!attempts.begin(tickets[0]))
        #expect(attempts.count == 0)
        for ticket in tickets[1...2] {
            #expect(attempts.begin(ticket))
            attempts.finish(ticket)
        }
        #expect(!attempts.begin(tickets[2]))
        #expect(attempts.begin(tickets[0]), "the oldest of more than two is forgotten")
    }
}

@Suite("Tickets wait for slots")
struct TicketLineTests {
    private final class Fates: Sendable {
        let list = Mutex<[String]>([])
    }

    private let fates = Fates()
    private let start = Timestamp(microseconds: 0)

    private func bundle(_ name: String, _ count: Int) -> TicketBundle {
        TicketBundle((1...count).map { Ticket(delivery: .derived(from: name), attempt: $0) }) { [fates] comesAgain in
            fates.list.withLock { $0.append(comesAgain ? "\(name) comes again" : "\(name) is done") }
        }
    }

    @Test("a message is settled once all of its tickets are, and comes again where one of them has to")
    func settling() {
        let (one, two) = (bundle("one", 3), bundle("two", 2))
        one.ack()
        two.requeue()
        one.ack()
        #expect(fates.list.withLock { $0 }.isEmpty)
        two.ack()
        one.ack()
        #expect(fates.list.withLock { $0 } == ["two comes again", "one is done"])
    }

    @Test("bundles are taken whole, in order, as slots allow; one larger than all slots when all are free")
    func order() async throws {
        let line = TicketLine(slots: 4)
        for (name, count) in [("a", 3), ("b", 2), ("c", 1), ("d", 9), ("e", 1)] {
            #expect(line.append(bundle(name, count), at: start))
        }
        #expect(try #require(await line.take()).map(\.tickets.count) == [3])
        #expect(line.isWaiting)
        async let next = line.take()
        line.release(2)
        #expect(try #require(await next).map(\.tickets.count) == [2, 1])
        line.release(4)
        #expect(try #require(await line.take()).map(\.tickets.count) == [9])
        line.release(9)
        #expect(try #require(await line.take()).map(\.tickets.count) == [1])
        #expect(!line.isWaiting)
    }

    @Test("what has waited too long can be taken out; a closed line gives up what waits and takes nothing")
    func ending() async throws {
        let line = TicketLine(slots: 1)
        #expect(line.append(bundle("at work", 1), at: start))
        #expect(await line.take()?.count == 1)
        for second in 0..<4 { #expect(line.append(bundle("waits", 1), at: start + .seconds(second))) }
        #expect(line.removeAll(since: start + .seconds(1)).count == 2)
        async let none = line.take()
        #expect(line.close().count == 2)
        #expect(await none == nil)
        #expect(await line.take() == nil)
        #expect(!line.append(bundle("late", 1), at: start))
    }
}

@Suite("Content is fetched once")
struct ContentCacheTests {
    private final class Source: Sendable {
        let blobs: Mutex<[ContentHash: Data]> = Mutex([:])
        let questions = Mutex<[ContentHash]>([])

        func add(_ data: Data) -> ContentHash {
            let hash = ContentHash(of: data)
            blobs.withLock { $0[hash] = data }
            return hash
        }

        func answer(_ hash: ContentHash) -> Message {
            questions.withLock { $0.append(hash) }
            let blob = blobs.withLock { $0[hash] }
            return Message(
                id: .fresh(), type: blob == nil ? Questions.missing : Questions.blob, app: "scheduler", timestamp: nil,
                body: blob ?? Data())
        }
    }

    @Test("many ask, one question goes out")
    func shared() async throws {
        let source = Source()
        let hash = source.add(try Wire.encode(Content.test()))
        let cache = ContentCache(room: 1 << 20) { hash in
            try await Task.sleep(for: .milliseconds(20))
            return source.answer(hash)
        }
        try await withThrowingTaskGroup { group in
            for _ in 0..<50 { group.addTask { try await cache.content(hash).content.subject } }
            for try await subject in group { #expect(subject == "Your photos, {{name}}") }
        }
        #expect(source.questions.withLock { $0.count } == 1)
    }

    @Test("the least recently used goes first when room is short")
    func bounded() async throws {
        let source = Source()
        let references = (0..<3).map { number -> AttachmentReference in
            let bytes = Data(repeating: UInt8(number), count: 400)
            return AttachmentReference(name: "a\(number)", type: "text/plain", size: 400, hash: source.add(bytes))
        }
        let cache = ContentCache(room: 1000) { source.answer($0) }
        for number in [0, 1, 0, 2, 0, 1] { _ = try await cache.attachment(references[number]) }
        #expect(source.questions.withLock { $0 } == [0, 1, 2, 1].map { references[$0].hash })
    }

    @Test("what is missing, altered or unreadable ends in words")
    func unusable() async throws {
        let source = Source()
        let cache = ContentCache(room: 1000) { source.answer($0) }
        await #expect(throws: Uncomposable.self) { try await cache.content(ContentHash(of: Data("nowhere".utf8))) }
        let junk = source.add(Data("{\"from\":".utf8))
        await #expect(throws: Uncomposable.self) { try await cache.content(junk) }
        let altered = ContentHash(of: Data("before".utf8))
        source.blobs.withLock { $0[altered] = Data("after".utf8) }
        await #expect(throws: Uncomposable.self) { try await cache.content(altered) }
        let unclosed = source.add(try Wire.encode(Content.test(html: "{{#never}}")))
        await #expect(throws: Uncomposable.self) { try await cache.content(unclosed) }
    }
}

@Suite("Configuration")
struct ConfigurationTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func configuration(_ more: [String: String] = [:]) throws -> SenderConfiguration {
        var settings = Settings(
            environment: [
                "WAYBILL_SECRET": TrackingKeys.testSecret, "WAYBILL_DATA": folder.path, "WAYBILL_HELO": "me.example",
            ].merging(more) { $1 })
        return try SenderConfiguration(&settings)
    }

    @Test(
        "transports",
        arguments: [
            ("smtp://relay.example", "relay.example", 25, SMTPSecurity.opportunistic),
            ("smtp://127.0.0.1:2525?tls=off", "127.0.0.1", 2525, .none),
            ("smtp://relay.example:25?tls=required", "relay.example", 25, .required),
            ("smtps://relay.example", "relay.example", 465, .implicit),
            ("smtp://[::1]:25", "::1", 25, .opportunistic), ("smtp://u:p%40ss@relay.example", "relay.example", 587, .opportunistic),
        ])
    func transports(text: String, host: String, port: Int, security: SMTPSecurity) throws {
        guard case .relays(let relays) = try configuration(["WAYBILL_TRANSPORT": text]).transport.choice else {
            Issue.record("not a relay")
            return
        }
        let endpoint = try #require(relays.first)
        #expect(relays.count == 1)
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
        #expect(endpoint.security == security)
        #expect(endpoint.heloName == "me.example")
        if text.contains("@") { #expect(endpoint.credentials == SMTPCredentials(user: "u", secret: .password("p@ss"))) }
    }

    @Test("several relays stand in their order; straight to MX hosts, with options for trying it out")
    func more() throws {
        let relays = try configuration([
            "WAYBILL_TRANSPORT": "smtps://one.example  smtp://two.example:2525?tls=required\nsmtp://three.example"
        ])
        guard case .relays(let list) = relays.transport.choice else {
            Issue.record("no relays")
            return
        }
        #expect(list.map { "\($0.host):\($0.port)" } == ["one.example:465", "two.example:2525", "three.example:25"])
        #expect(relays.transport.limits.connections == 32)

        guard
            case .relays(let withToken) = try configuration([
                "WAYBILL_TRANSPORT": "smtp://u:t%2Bk@a.example?auth=xoauth2&tls=required smtps://u:t@b.example?auth=xoauth2"
            ]).transport.choice
        else {
            Issue.record("no relays")
            return
        }
        #expect(withToken.map(\.credentials?.secret) == [.token("t+k"), .token("t")])

        guard case .mx(let mx) = try configuration(["WAYBILL_TRANSPORT": "mx"]).transport.choice else {
            Issue.record("not mx")
            return
        }
        #expect(mx.port == 25 && mx.security == .opportunistic && !mx.allowsLoopback && mx.heloName == "me.example")
        let tried = try configuration([
            "WAYBILL_TRANSPORT": "mx?port=2525&loopback=yes&tls=off", "WAYBILL_DNS": "127.0.0.1:5353,[::1]:53",
            "WAYBILL_SMTP_CONNECTIONS": "3", "WAYBILL_SMTP_MESSAGES": "7", "WAYBILL_SMTP_IDLE": "2",
            "WAYBILL_SMTP_TIMEOUT": "connect=5 dot=900",
        ])
        guard case .mx(let odd) = tried.transport.choice else {
            Issue.record("not mx")
            return
        }
        #expect(odd.port == 2525 && odd.security == .none && odd.allowsLoopback)
        #expect(odd.timeouts.connect == .seconds(5) && odd.timeouts.dot == .seconds(900) && odd.timeouts.mail == .seconds(300))
        #expect(tried.transport.limits == SessionPool.Limits(connections: 3, messages: 7, idle: .seconds(2)))
        #expect(tried.transport.nameServers == "127.0.0.1:5353,[::1]:53")
        #expect(try configuration(["WAYBILL_TRANSPORT": "mx"]).transport.limits.connections == 10)
    }

    @Test("the defaults are the sandbox and the From address")
    func defaults() throws {
        let configuration = try configuration()
        #expect(configuration.transport.choice == .sandbox)
        #expect(configuration.returnPath == .signed(mailbox: "bounce", domain: "sandbox.invalid"))
        #expect(try self.configuration(["WAYBILL_TRANSPORT": "smtp://relay.example"]).returnPath == .from)
        #expect(configuration.concurrency == 32)
        #expect(configuration.publicURL == "http://127.0.0.1:8080")
        #expect(
            try self.configuration(["WAYBILL_RETURN_PATH": "b.example"]).returnPath
                == .signed(mailbox: "bounce", domain: "b.example"))
        #expect(
            try self.configuration(["WAYBILL_RETURN_PATH": "b@b.example"]).returnPath == .signed(mailbox: "b", domain: "b.example"))
        #expect(configuration.bounceIntake.host == "127.0.0.1")
        #expect(configuration.bounceIntake.port == 2525)
        #expect(configuration.sandboxPace == 100)
    }

    @Test("everything that is wrong is said at once")
    func complaints() throws {
        #expect {
            try configuration([
                "WAYBILL_SECRET": "short", "WAYBILL_TRANSPORT": "carrier-pigeon", "WAYBILL_CONCURRENCY": "0",
                "WAYBILL_RETURN_PATH": "@",
                "WAYBILL_AMQP_URL": "http://x", "WAYBILL_HELO": "a b", "WAYBILL_SMTP_TIMEOUT": "soon",
                "WAYBILL_BOUNCE_INTAKE": "smtps://x", "WAYBILL_SANDBOX_PACE": "-1",
                "WAYBILL_SMTP_CA": "/nowhere", "WAYBILL_DNS": "here",
            ])
        } throws: { error in
            let complaints = (error as? SettingsError)?.complaints.joined(separator: "\n") ?? ""
            return [
                "SECRET", "TRANSPORT", "CONCURRENCY", "RETURN_PATH", "AMQP_URL", "HELO", "SMTP_TIMEOUT", "BOUNCE_INTAKE",
                "SANDBOX_PACE", "SMTP_CA", "DNS",
            ].allSatisfy { complaints.contains("WAYBILL_" + $0) }
        }
    }

    @Test(
        "return paths that leave no room for a token or cannot be told apart",
        arguments: ["a.mailbox.name.of.nineteen@b.example", "\"quoted\"@b.example", "nodomain", "b@"])
    func returnPaths(text: String) {
        #expect(throws: SettingsError.self) { try configuration(["WAYBILL_RETURN_PATH": text]) }
    }

    @Test(
        "transports that are none",
        arguments: [
            "", "smtp://", "smtp://h:0", "smtp://h:99999", "smtp://h/path", "smtp://h?tls=maybe", "smtp://h?x=1",
            "smtps://h?tls=off",
            "smtp://user@h", "smtp://u:p@h?tls=off", "smtp://h?auth=xoauth2", "smtp://u:p@h?auth=plain", "mx?port=0",
            "mx?tls=required", "mx?x=1", "mxx", "http://h",
            "smtp://a http://b", "mx smtp://a", "smtp://a sandbox",
        ])
    func refused(text: String) {
        guard !text.isEmpty else { return }
        #expect(throws: SettingsError.self) { try configuration(["WAYBILL_TRANSPORT": text]) }
    }
}
