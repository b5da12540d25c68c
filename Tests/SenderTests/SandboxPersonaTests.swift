import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
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

@Suite("The sandbox's recipients")
struct SandboxPersonaTests {
    private let folder: TemporaryFolder
    private let time = ManualTime(Timestamp(microseconds: 1_764_000_000_000_000))
    private static let path = TrackingKeys.test.returnPath(for: .derived(from: "delivery 1"), mailbox: "bounce") + "@b.example"

    init() throws { folder = try TemporaryFolder() }

    private func transport(_ world: SandboxWorld) throws -> SandboxTransport {
        SandboxTransport(
            maildir: try Maildir(at: folder.url, capacity: 100, host: "test"), world: world, time: time.source, logger: .quiet)
    }

    private static func mail(
        to persona: String, attempt: Int = 1, publicURL: String = "http://t.example", kind: String = "invite"
    ) throws -> OutgoingMail {
        let content = Content.test(
            html: """
                <body><a href="https://x.example/1">one</a> <a href="https://x.example/2">two</a>
                <a href="http://elsewhere.example/c/abc" data-waybill-track="off">three</a>
                <a href="\(publicURL)/c/../admin">four</a><img src="http://elsewhere.example/o/abc"></body>
                """)
        let job = Job.test(attempt: attempt, recipient: "\(persona)@mail.example", kind: kind, content: try content.hash)
        return try Composer(publicURL: publicURL, keys: .test, returnPath: .signed(mailbox: "bounce", domain: "b.example"))
            .compose(job, try PreparedContent(content), attachments: [])
    }

    private func kept() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder.url.appendingPathComponent("new").path).count
    }

    @Test(
        "are known by the name before the @, in any case, domain and with any tag",
        arguments: [
            ("permfail@a.example", .permanentFailure), ("PermFail+x@b.example", .permanentFailure),
            ("bounce-later+1+2@a.example", .bounceLater), ("auto-reply@a.example", .autoReply), ("permfail2@a.example", nil),
            ("ann@permfail.example", nil), ("+permfail@a.example", nil), ("xpermfail@a.example", nil),
        ] as [(String, SandboxPersona?)])
    func names(address: String, persona: SandboxPersona?) {
        #expect(SandboxPersona(.test(address)) == persona)
    }

    @Test(
        "refuse as servers do, by the attempt's number alone",
        arguments: [
            ("permfail", 1, 550, "5.1.1"), ("permfail", 9, 550, "5.1.1"), ("tempfail", 1, 451, "4.3.2"),
            ("tempfail", 2, 451, "4.3.2"), ("mailboxfull", 1, 452, "4.2.2"), ("mailboxfull", 30, 452, "4.2.2"),
        ])
    func refusals(persona: String, attempt: Int, code: Int, enhanced: String) async throws {
        let mail = try Self.mail(to: persona, attempt: attempt)
        let handover = try await transport(.test()).deliver(mail) { Issue.record("The message was completed.") }
        guard case .refused(let reply, stage: .recipient) = handover.outcome else {
            Issue.record("\(handover.outcome)")
            return
        }
        #expect(reply.code == code)
        #expect(reply.enhanced?.description == enhanced)
        #expect(handover.transcript.contains("> RCPT TO:<\(persona)@mail.example>\n"))
        #expect(handover.transcript.split(separator: "\n").last?.contains("< \(code) \(enhanced) ") == true)
        #expect(try kept() == 0)
    }

    @Test(
        "take mail at the third attempt where they were busy twice, and the others at the first", arguments: SandboxPersona.allCases
    )
    func acceptance(persona: SandboxPersona) async throws {
        guard ![.permanentFailure, .mailboxFull, .dropAfterDot].contains(persona) else { return }
        let attempt = persona == .temporaryFailure ? 3 : 1
        let handover = try await transport(.test()).deliver(try Self.mail(to: persona.rawValue, attempt: attempt)) {}
        guard case .accepted = handover.outcome else {
            Issue.record("\(handover.outcome)")
            return
        }
        #expect(try kept() == 1)
    }

    @Test("keep a message and hang up: nobody knows whether it arrived")
    func dropAfterDot() async throws {
        let handover = try await transport(.test()).deliver(try Self.mail(to: "dropafterdot")) {}
        guard case .failed(.disconnected, stage: .dot, mayHaveLeft: true) = handover.outcome else {
            Issue.record("\(handover.outcome)")
            return
        }
        #expect(try kept() == 1)
    }

    @Test("are slow by seconds, which the pace changes, and can be stopped meanwhile")
    func slow() async throws {
        for (pace, seconds) in [(100, [2, 3]), (300, [6, 9])] {
            let transport = try transport(.test(pace: pace, time: time.source))
            let mail = try Self.mail(to: "slow")
            async let handover = transport.deliver(mail) {}
            for wait in seconds {
                try await eventually(within: .seconds(60), "it waits") { time.sleepers == 1 }
                time.advance(by: .seconds(wait) - .milliseconds(1))
                #expect(time.sleepers == 1)
                time.advance(by: .milliseconds(1))
            }
            guard case .accepted = await handover.outcome else {
                Issue.record("not accepted")
                return
            }
        }
        let transport = try transport(.test(pace: 100, time: time.source))
        let mail = try Self.mail(to: "slow")
        let task = Task { await transport.deliver(mail) {} }  // Awaited below.
        try await eventually(within: .seconds(60), "it waits") { time.sleepers == 1 }
        task.cancel()
        guard case .failed(.cancelled, _, mayHaveLeft: false) = await task.value.outcome else {
            Issue.record("not cancelled")
            return
        }
    }

    // MARK: - What comes back by mail

    /// Runs the recipients while `body` does; they end when it has.
    private func running(_ world: SandboxWorld, _ body: () async throws -> Void) async throws {
        let group = ServiceGroup(configuration: .init(services: [world], logger: .quiet))
        async let running: Void = group.run()
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await running
        try result.get()
    }

    /// A report as Python's `email` takes it apart.
    private struct Report: Decodable {
        var to: String
        var subject: String
        var type: String
        var reportType: String?
        var parts: [String]
        var auto: String?
        var inReplyTo: String?
        /// Of all blocks of fields.
        var fields: [String: String]
        var original: String?
        var defects: Int
    }

    private func read(_ message: [UInt8]) throws -> Report {
        let script = """
            import email, email.policy, json, sys
            m = email.message_from_bytes(open(sys.argv[1], 'rb').read(), policy=email.policy.default)
            parts = list(m.iter_parts()) if m.is_multipart() else []
            fields = {}
            if len(parts) == 3:
                body = parts[1].get_payload()
                for block in body if isinstance(body, list) else [email.message_from_string(body)]:
                    for name, value in block.items(): fields[name.lower()] = str(value)
                if not fields: fields = {}
            print(json.dumps({
                'to': m['to'], 'subject': m['subject'], 'type': m.get_content_type(), 'reportType': m.get_param('report-type'),
                'parts': [p.get_content_type() for p in parts], 'auto': m['auto-submitted'], 'inReplyTo': m['in-reply-to'], 'fields': fields,
                'original': email.message_from_string(parts[2].get_payload() if isinstance(parts[2].get_payload(), str) else parts[2].get_payload(0).as_string())['message-id'] if len(parts) == 3 else None,
                'defects': sum(len(p.defects) for p in m.walk())}))
            """
        let file = folder.url.appendingPathComponent("report.eml")
        try Data(message).write(to: file)
        return try JSONDecoder().decode(Report.self, from: try ChildProcess.run("/usr/bin/python3", ["-c", script, file.path]))
    }

    /// What the intake gets from this recipient.
    private func answer(from persona: String) async throws -> (received: ScriptedSMTPServer.Received, report: Report) {
        let intake = try await ScriptedSMTPServer.start()
        let world = try SandboxWorld.test(intake: intake.port, time: time.source)
        try await running(world) {
            _ = try await transport(world).deliver(try Self.mail(to: persona)) {}
            #expect(try await intake.hasReceived(1, within: .seconds(60)))
        }
        let received = try #require(intake.received.first)
        await intake.stop()
        #expect(intake.received.count == 1)
        #expect(received.from == "")
        #expect(received.recipients == [Self.path])
        return (received, try read(received.bytes))
    }

    @Test("send a bounce message to the return path, as RFC 3464 has it")
    func bounceLater() async throws {
        let (_, report) = try await answer(from: "bounce-later")
        #expect(report.type == "multipart/report")
        #expect(report.reportType == "delivery-status")
        #expect(report.parts == ["text/plain", "message/delivery-status", "text/rfc822-headers"])
        #expect(report.to.contains(Self.path))
        #expect(report.fields["reporting-mta"] == "dns; mx.mail.example")
        #expect(report.fields["final-recipient"] == "rfc822; bounce-later@mail.example")
        #expect(report.fields["action"] == "failed")
        #expect(report.fields["status"] == "5.1.1")
        #expect(report.fields["diagnostic-code"]?.contains("550 5.1.1") == true)
        #expect(report.original == "<\(DeliveryID.derived(from: "delivery 1"))@example.com>")
        #expect(report.defects == 0)
    }

    @Test("report spam as RFC 5965 has it")
    func complaint() async throws {
        let (_, report) = try await answer(from: "complain")
        #expect(report.type == "multipart/report")
        #expect(report.reportType == "feedback-report")
        #expect(report.parts == ["text/plain", "message/feedback-report", "text/rfc822-headers"])
        #expect(report.fields["feedback-type"] == "abuse")
        #expect(report.fields["version"] == "1")
        #expect(report.fields["user-agent"]?.isEmpty == false)
        #expect(report.fields["original-mail-from"] == "<\(Self.path)>")
        #expect(report.fields["original-rcpt-to"] == "<complain@mail.example>")
        #expect(report.original == "<\(DeliveryID.derived(from: "delivery 1"))@example.com>")
        #expect(report.defects == 0)
    }

    @Test("answer out of office as RFC 3834 has it, and not to machines")
    func autoReply() async throws {
        let (_, report) = try await answer(from: "auto-reply")
        #expect(report.auto == "auto-replied")
        #expect(report.subject == "Automatic reply: Your photos, Ann")
        #expect(report.inReplyTo == "<\(DeliveryID.derived(from: "delivery 1"))@example.com>")
        #expect(report.to == Self.path)
        #expect(SandboxReturnMail.outOfOffice(to: try Self.mail(to: "auto-reply", kind: "reminder"), at: time.now) == nil)
    }

    @Test("an intake that is away is tried again, and given up in the end")
    func intakeAway() async throws {
        let intake = try await ScriptedSMTPServer.start(.init().on(.greeting, turns: 1...2, .drop))
        let world = try SandboxWorld.test(intake: intake.port, time: time.source)
        try await running(world) {
            world.deliver(try Self.mail(to: "bounce-later"), to: .bounceLater)
            for wait in [1, 4] {
                try await eventually(within: .seconds(60), "it waits") { time.sleepers == 1 }
                #expect(intake.count == 0)
                time.advance(by: .seconds(wait))
            }
            #expect(try await intake.hasReceived(1, within: .seconds(60)))

            intake.script = .init().on(.greeting, .reply("554 closed")).on(.recipient, .reply("550 never"))
            world.deliver(try Self.mail(to: "complain"), to: .complain)
            try await eventually(within: .seconds(60), "it was tried") { intake.reached(.greeting) == 4 }
            try await eventually(within: .seconds(60), "it is over") { intake.openConnections == 0 }
            #expect(time.sleepers == 0, "what is refused for good is not tried again")
        }
        await intake.stop()
        #expect(intake.count == 1)
    }

    // MARK: - What comes back over HTTP

    private struct Visit: Hashable, Sendable {
        var path: String
        var userAgent: String
    }

    /// Reads a message as this recipient at the usual pace.
    /// - Returns: What the tracker saw, with the seconds after delivery.
    private func visits(by persona: String, seconds: [Int]) async throws -> [(after: Int, visits: [Visit])] {
        let seen = Mutex<[Visit]>([])
        let router = Router()
        for path in ["/o/**", "/c/**", "/elsewhere", "/admin"] {
            router.get(RouterPath(path)) { request, _ -> Response in
                seen.withLock {
                    $0.append(Visit(path: String(request.uri.path.prefix(3)), userAgent: request.headers[.userAgent] ?? ""))
                }
                return request.uri.path.hasPrefix("/c/")
                    ? Response(status: .found, headers: [.location: "/elsewhere"]) : Response(status: .ok)
            }
        }
        return try await Application(router: router).test(.live) { client in
            let publicURL = "https://mail.example"
            let front = "http://127.0.0.1:\(try #require(client.port))"
            let world = try SandboxWorld.test(publicURL: publicURL, front: front, pace: 100, time: time.source)
            var result: [(after: Int, visits: [Visit])] = []
            try await running(world) {
                world.deliver(try Self.mail(to: persona, publicURL: publicURL), to: try #require(SandboxPersona(rawValue: persona)))
                let all = Self.expected(persona, upTo: seconds.last ?? 0)
                try await eventually(within: .seconds(60), "everything is planned") { time.sleepers == all }
                var before = 0
                for second in seconds {
                    time.advance(by: .seconds(second - before))
                    before = second
                    try await eventually(within: .seconds(60), "the visits of second \(second)") {
                        seen.withLock { $0.count } >= Self.expected(persona, upTo: second)
                    }
                    result.append((second, seen.withLock { $0 }))
                }
                #expect(time.sleepers == 0)
            }
            return result
        }
    }

    private static func expected(_ persona: String, upTo second: Int) -> Int {
        switch (persona, second) {
        case ("scanner", 1): 2
        case ("scanner", 2): 3
        case ("clicks", 22): 2
        default: 1
        }
    }

    @Test("fetch the image and follow links as people's programs and machines do, and go nowhere else")
    func readers() async throws {
        let thunderbird = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Thunderbird/115.6.0"
        let firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
        let gmail = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
        let barracuda = "Barracuda Sentinel (EE)"
        let cases: [(persona: String, steps: [(Int, [Visit])])] = [
            ("opens", [(15, [Visit(path: "/o/", userAgent: thunderbird)])]),
            (
                "clicks",
                [(15, [Visit(path: "/o/", userAgent: thunderbird)]), (22, [Visit(path: "/c/", userAgent: firefox)])]
            ),
            (
                "scanner",
                [
                    (1, [Visit(path: "/c/", userAgent: barracuda), Visit(path: "/c/", userAgent: barracuda)]),
                    (2, [Visit(path: "/o/", userAgent: barracuda)]),
                ]
            ),
            ("apple", [(5, [Visit(path: "/o/", userAgent: "Mozilla/5.0")])]),
            ("gmail", [(20, [Visit(path: "/o/", userAgent: gmail)])]),
        ]
        for (persona, steps) in cases {
            let seen = try await visits(by: persona, seconds: steps.map(\.0))
            var all: [Visit] = []
            for (step, seen) in zip(steps, seen) {
                all += step.1
                #expect(seen.visits == all, "\(persona), second \(step.0)")
            }
        }
    }

    @Test("only tokens at the tracker's own address are fetched, whatever the message says")
    func onlyOurs() throws {
        let reader = try #require(SandboxReader(.scanner))
        let foreign = [
            "http://t.example.evil/c/abc", "http://t.example@evil.example/c/abc", "http://t.example/c/../x", "http://t.example/c/",
            "http://t.example/c/a?b", "http://t.example/c/a#b", "https://t.example/c/abc", "http://t.example:81/c/abc",
            "//t.example/c/a",
            "http://t.example/u/abc", "http://T.example/c/abc", "http://t.example/c/ab%2e",
        ]
        let html = foreign.map { "<a href=\"\($0)\"></a><img src=\"\($0)\">" }.joined()
        #expect(reader.visits(to: html, publicURL: "http://t.example").isEmpty)
        let ours = reader.visits(
            to: html + "<a href='http://t.example/c/a-_Z9'><img src=http://t.example/o/x>", publicURL: "http://t.example")
        #expect(ours.map(\.url) == ["http://t.example/o/x", "http://t.example/c/a-_Z9"])
    }

    @Test("what is left to do when the sender stops does not keep it")
    func stops() async throws {
        let world = try SandboxWorld.test(pace: 1000)
        let mail = try Self.mail(to: "complain")
        // More than wait for their time at once.
        try await running(world) { for _ in 0..<6000 { world.deliver(mail, to: .complain) } }
    }
}
