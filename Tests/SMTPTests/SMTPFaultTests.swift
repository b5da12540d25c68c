import NIOCore
import Support
import Testing

@testable import SMTP

/// Everything that a server can do wrong, at every stage.
@Suite(.timeLimit(.minutes(3)))
struct SMTPFaultTests {
    private static let quick = Duration.milliseconds(300)

    /// Patient at every stage but the one that is tried.
    private func endpoint(_ server: Server, hastyAt stage: SMTPStage?) -> SMTPEndpoint {
        var endpoint = SMTPEndpoint.scripted(server, security: .none, within: .seconds(60))
        switch stage {
        case .greeting: endpoint.timeouts.greeting = Self.quick
        case .hello: endpoint.timeouts.hello = Self.quick
        case .mail: endpoint.timeouts.mail = Self.quick
        case .recipient: endpoint.timeouts.recipient = Self.quick
        case .data: endpoint.timeouts.data = Self.quick
        case .message: endpoint.timeouts.block = Self.quick
        case .dot: endpoint.timeouts.dot = Self.quick
        default: break
        }
        return endpoint
    }

    private func outcome(_ action: Server.Action, at stage: SMTPStage, isHasty: Bool) async throws -> SMTPAttempt {
        let server = try await Server.start(Script().on(stage, action))
        let attempt = try await attempt(server, endpoint(server, hastyAt: isHasty ? stage : nil))
        #expect(attempt.transcript.description.utf8.count <= SMTPTranscript.longest)
        #expect(server.received.isEmpty)
        #expect(server.reached(stage) >= 1)
        await server.stop()
        return attempt
    }

    static let stages: [SMTPStage] = [.greeting, .hello, .mail, .recipient, .data, .dot]

    @Test(
        "a refusal at any stage is told with its reply and stage", arguments: stages,
        ["421 4.3.2 Bye", "451 4.7.1 Later", "554 5.7.1 No"])
    func refusals(stage: SMTPStage, text: String) async throws {
        let attempt = try await outcome(.reply(text), at: stage, isHasty: false)
        let isFallback = stage == .hello && text.hasPrefix("554")
        #expect(attempt.outcome == .refused(reply(text), stage: isFallback ? .hello : stage))
        #expect(attempt.transcript.description.contains("< \(text)"))
    }

    static let breaks: [(name: String, action: Server.Action)] = [
        ("hang", .hang), ("close", .drop), ("RST", .reset), ("drip", .drip("250 0123456789", every: .milliseconds(500))),
        ("endless line", .raw(Array(repeating: UInt8(ascii: "2"), count: 1_000_000))), ("NUL", .raw([0, 0, 13, 10])),
        ("nonsense", .reply("hello")), ("half a reply", .both(.raw(Array("250 o".utf8)), .drop)),
        ("endless reply", .raw(Array(repeatElement(Array("250-on and on\r\n".utf8), count: 10_000).joined()))),
        ("code 999", .reply("999 ok")), ("two codes", .raw(Array("250-a\r\n550 b\r\n".utf8))),
    ]

    @Test(
        "a break at any stage fails there, and only after the dot may the message have left", arguments: stages, breaks.map(\.name))
    func breaksOff(stage: SMTPStage, name: String) async throws {
        let action = try #require(Self.breaks.first { $0.name == name }).action
        let attempt = try await outcome(action, at: stage, isHasty: ["hang", "drip"].contains(name))
        let expected = "failed at \(stage.rawValue)\(stage == .dot ? " (may have left)" : "")"
        // A connection that is reset at once may never have stood.
        let isEarlier = stage == .greeting && name == "RST" && attempt.outcome.summary == "failed at connect"
        #expect(isEarlier || attempt.outcome.summary == expected, "\(attempt.transcript)")
    }

    @Test("a break in the middle of a large message fails before the dot", arguments: ["hang", "close", "RST", "nonsense", "NUL"])
    func inTheMiddle(name: String) async throws {
        let action = try #require(Self.breaks.first { $0.name == name }).action
        // Having said its nonsense the server reads no further, so that the message cannot be complete before it is heard.
        let isTalk = ["nonsense", "NUL"].contains(name)
        let server = try await Server.start(Script().on(.message, isTalk ? .both(action, .hang) : action))
        let attempt = try await attempt(
            server, endpoint(server, hastyAt: name == "hang" ? .message : nil), message: bulk(8_000_000))
        #expect(attempt.outcome.summary == "failed at message", "\(attempt.transcript)")
        #expect(server.received.isEmpty)
        await server.stop()
    }

    @Test("a server that is only just quick enough at every stage runs out of time all the same, before the dot")
    func slowThroughout() async throws {
        var settings = Server.Settings()
        settings.extensions = []
        let server = try await Server.start(Script(delay: .milliseconds(400)), settings: settings)
        let endpoint = SMTPEndpoint.scripted(server, security: .none, within: .seconds(60))
        await #expect(throws: SMTPConnectFailure.self) {
            try await makeClient().connect(to: endpoint, by: .now() + .milliseconds(600))
        }
        let session = try await makeClient().connect(to: endpoint)
        let attempt = await session.send(
            from: "", to: "ann@example.net", message: letter, by: .now() + .milliseconds(600))
        #expect(
            ["failed at mail", "failed at recipient", "failed at data"].contains(attempt.outcome.summary), "\(attempt.transcript)")
        // The answer to the end of the message has its own time: here it comes when the rest's is long over.
        server.script = Script().on(.dot, .after(.seconds(5), .accept))
        let other = try await makeClient().connect(to: endpoint)
        let late = await other.send(from: "", to: "ann@example.net", message: letter, by: .now() + .seconds(4))
        #expect(late.outcome.summary == "accepted", "\(late.transcript)")
        await other.quit()
        await server.stop()
    }

    @Test("a refusal in the middle of a message is told as such")
    func refusedInTheMiddle() async throws {
        let server = try await Server.start(Script().on(.message, .both(.reply("552 5.3.4 Too big"), .hang)))
        let session = try await makeClient().connect(to: .scripted(server, security: .none))
        // The answer comes while the message is not yet released.
        let attempt = await session.send(from: "", to: "ann@example.net", message: bulk(60_000)) {
            let deadline = ContinuousClock.now + .seconds(5)
            while session.isReusable, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        }
        #expect(attempt.outcome == .refused(reply("552 5.3.4 Too big"), stage: .message))
        await server.stop()
    }

    @Test(
        "the server has it, and the answer is lost: the message may have left",
        arguments: [Server.Action.drop, .reset, .hang, .raw(Array("25".utf8))])
    func takenAndLost(action: Server.Action) async throws {
        let server = try await Server.start(Script().on(.dot, .keeping(action)))
        let attempt = try await attempt(server, endpoint(server, hastyAt: .dot))
        #expect(attempt.outcome.summary == "failed at dot (may have left)")
        #expect(attempt.transcript.description.contains("The message may have left."))
        #expect(server.count == 1)
        await server.stop()
    }

    @Test("nothing that completes the message leaves before it is released, and nothing at all if that fails")
    func withheld() async throws {
        let server = try await Server.start()
        for size in [100, 10_000, 1_000_000] {
            let session = try await makeClient().connect(to: .scripted(server))
            let attempt = await session.send(from: "", to: "ann@example.net", message: bulk(size)) {
                try await Task.sleep(for: .milliseconds(50))
                #expect(server.reached(.dot) == 0)
                throw SMTPFault.withheld("the journal is full")
            }
            #expect(attempt.outcome.summary == "failed at message")
            #expect(!session.isReusable)
        }
        #expect(server.received.isEmpty)
        await server.stop()
    }

    @Test(
        "a cancelled task ends the attempt, which knows whether the message may have left",
        arguments: [SMTPStage.mail, .data, .dot])
    func cancelled(stage: SMTPStage) async throws {
        let server = try await Server.start(Script().on(stage, .hang))
        let session = try await makeClient().connect(to: .scripted(server, within: .seconds(60)))
        let task = Task { await session.send(from: "", to: "ann@example.net", message: letter) }
        try await eventually(within: .seconds(60), "\(stage)") { server.reached(stage) > 0 }
        task.cancel()
        let attempt = await task.value
        guard case .failed(.cancelled, _, let mayHaveLeft) = attempt.outcome else {
            Issue.record("\(attempt.outcome)")
            return
        }
        #expect(mayHaveLeft == (stage == .dot))
        await server.stop()
    }

    @Test("a second message at the same time is turned away and does not disturb the first")
    func oneAtATime() async throws {
        let server = try await Server.start(Script().on(.dot, .after(.milliseconds(100), .accept)))
        let session = try await makeClient().connect(to: .scripted(server))
        async let first = session.send(from: "", to: "ann@example.net", message: letter) {
            let second = await session.send(from: "", to: "bob@example.net", message: letter)
            #expect(second.outcome == .failed(.unusable, stage: .idle, mayHaveLeft: false))
        }
        _ = await first
        #expect(server.received.map(\.recipients) == [["ann@example.net"]])
        await server.stop()
    }

    @Test("a server that leaves between two messages makes the session unusable, and nothing is lost by it")
    func leavesWhileIdle() async throws {
        let server = try await Server.start(Script().on(.dot, .both(.reply("250 ok"), .both(.reply("421 idle"), .drop))))
        let session = try await makeClient().connect(to: .scripted(server))
        #expect(await session.send(from: "", to: "ann@example.net", message: letter).outcome.summary == "accepted")
        let deadline = ContinuousClock.now + .seconds(5)
        while session.isReusable, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
        #expect(!session.isReusable)
        let attempt = await session.send(from: "", to: "ann@example.net", message: letter)
        #expect(attempt.outcome == .failed(.unusable, stage: .idle, mayHaveLeft: false))
        await session.quit()
        await server.stop()
    }

    @Test("an answer too many is never taken for the answer to the next message")
    func oneTooMany() async throws {
        for _ in 0..<20 {
            let server = try await Server.start(
                Script().on(.dot, turns: 1...1, .reply("250 first\n250 extra".replacing("\n", with: "\r\n"))).on(
                    .dot, .reply("550 no")))
            let session = try await makeClient().connect(to: .scripted(server))
            #expect(await session.send(from: "", to: "ann@example.net", message: letter).outcome.summary == "accepted")
            let second = await session.send(from: "", to: "bob@example.net", message: letter)
            #expect(second.outcome.summary != "accepted")
            #expect(server.count == 1)
            await server.stop()
        }
    }

    @Test("nobody listens: a sentence that says so")
    func unreachable() async throws {
        let server = try await Server.start()
        await server.stop()
        let attempt = try await attempt(server)
        #expect(attempt.outcome == .failed(.unreachable("Connection refused"), stage: .connect, mayHaveLeft: false))
    }

    @Test("sessions that are dropped without a word close their connections")
    func abandoned() async throws {
        let server = try await Server.start()
        for _ in 0..<50 { _ = try await makeClient().connect(to: .scripted(server)) }
        try await eventually(within: .seconds(30), "every connection is closed") { server.openConnections == 0 }
        await server.stop()
    }
}
