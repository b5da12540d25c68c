import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Mail
import Runtime
import SMTP
import Support
import Synchronization
import Testing

@testable import Sender

@Suite("What the sandbox's recipients do with their mail")
struct SandboxWorldTests {
    private let folder: TemporaryFolder
    private let time = ManualTime(Timestamp(microseconds: 1_764_000_000_000_000))
    private static let path = TrackingKeys.test.returnPath(for: .derived(from: "delivery 1"), mailbox: "bounce") + "@b.example"

    init() throws { folder = try TemporaryFolder() }

    private func transport(_ world: SandboxWorld) throws -> SandboxTransport {
        SandboxTransport(
            maildir: try Maildir(at: folder.url, capacity: 100, host: "test"), world: world, time: time.source, logger: .quiet)
    }

    // MARK: - What comes back by mail

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
        try await world.running {
            _ = try await transport(world).deliver(try OutgoingMail.to(persona)) {}
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
        #expect(SandboxReturnMail.outOfOffice(to: try OutgoingMail.to("auto-reply", kind: "reminder"), at: time.now) == nil)
    }

    @Test("an intake that is away is tried again, and given up in the end")
    func intakeAway() async throws {
        let intake = try await ScriptedSMTPServer.start(.init().on(.greeting, turns: 1...2, .drop))
        let world = try SandboxWorld.test(intake: intake.port, time: time.source)
        try await world.running {
            world.deliver(try OutgoingMail.to("bounce-later"), to: .bounceLater)
            for wait in [1, 4] {
                try await eventually(within: .seconds(60), "it waits") { time.sleepers == 1 }
                #expect(intake.count == 0)
                time.advance(by: .seconds(wait))
            }
            #expect(try await intake.hasReceived(1, within: .seconds(60)))

            intake.script = .init().on(.greeting, .reply("554 closed")).on(.recipient, .reply("550 never"))
            world.deliver(try OutgoingMail.to("complain"), to: .complain)
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
            try await world.running {
                world.deliver(
                    try OutgoingMail.to(persona, publicURL: publicURL), to: try #require(SandboxPersona(rawValue: persona)))
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
        let mail = try OutgoingMail.to("complain")
        // More than wait for their time at once.
        try await world.running { for _ in 0..<6000 { world.deliver(mail, to: .complain) } }
    }
}
