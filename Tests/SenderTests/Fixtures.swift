import Foundation
import Logging
import MIME
import Mail
import NIOPosix
import Runtime
import SMTP
import ServiceLifecycle

@testable import Sender

extension EmailAddress {
    /// An address known to be right.
    static func test(_ text: String) -> EmailAddress {
        do { return try EmailAddress(text) } catch { fatalError("\(text): \(error)") }
    }
}

extension TrackingKeys {
    static let testSecret = "a secret of thirty-two bytes or more"
    static let test: TrackingKeys = {
        guard let keys = TrackingKeys(secret: testSecret) else { fatalError("The secret is too short.") }
        return keys
    }()
}

extension Content {
    static func test(
        subject: String = "Your photos, {{name}}",
        html: String? = "<body><p>Hi {{name}}, <a href=\"https://x.example/?a=1&amp;b=2\">see</a></p></body>",
        text: String? = nil, to: [Mailbox] = [], cc: [Mailbox] = [], attachments: [AttachmentReference] = [],
        track: Tracking = Tracking()
    ) -> Content {
        Content(
            from: Mailbox(address: .test("studio@example.com"), name: "Studio Müller"), replyTo: .test("hello@example.com"),
            subject: subject, html: html, text: text, to: to, cc: cc, attachments: attachments, track: track)
    }

    var hash: ContentHash { get throws { ContentHash(of: try Wire.encode(self)) } }
}

extension Job {
    static func test(
        _ number: Int = 1, attempt: Int = 1, recipient: String = "ann@example.net", kind: String = "invite",
        audience: Audience = .direct,
        variables: [String: String] = ["name": "Ann"], content: ContentHash
    ) -> Job {
        Job(
            delivery: .derived(from: "delivery \(number)"), attempt: attempt, mailing: .derived(from: "mailing"),
            organization: "acme",
            kind: kind, audience: audience, recipient: Mailbox(address: .test(recipient), name: "Ann Ä"), role: .to,
            variables: variables, acceptedAt: Timestamp(microseconds: 1_764_000_000_000_000), content: content)
    }
}

extension OutgoingMail {
    /// A letter with two links to follow and some to leave alone, to a recipient of the sandbox.
    static func to(
        _ persona: String, attempt: Int = 1, publicURL: String = "http://t.example", kind: String = "invite"
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
}

extension SandboxWorld {
    /// Recipients who do what they do at once, as soon as it runs.
    static func test(
        publicURL: String = "http://127.0.0.1:9", front: String? = nil, intake port: Int = 9, pace: Int = 0,
        time: TimeSource = .system
    ) throws -> SandboxWorld {
        SandboxWorld(
            publicURL: publicURL, front: front ?? publicURL,
            intake: SMTPEndpoint(
                host: "127.0.0.1", port: port, security: .none, heloName: "sandbox.example",
                timeouts: SMTPTimeouts(all: .seconds(10))),
            client: try SMTPClient(group: MultiThreadedEventLoopGroup.singleton, logger: .quiet), pace: pace, time: time,
            logger: .quiet)
    }

    /// Runs while `body` does, and ends when it has.
    func running(_ body: () async throws -> Void) async throws {
        let group = ServiceGroup(configuration: .init(services: [self], logger: .quiet))
        async let running: Void = group.run()
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await running
        try result.get()
    }

    /// Recipients who never get round to anything.
    static func idle(_ time: TimeSource) throws -> SandboxWorld { try test(time: time) }
}

extension Logger {
    /// Says nothing, unless somebody looks for the reason of a failure.
    static var quiet: Logger {
        var logger = Logger(label: "test")
        if ProcessInfo.processInfo.environment["WAYBILL_TEST_LOG"] == nil { logger.logLevel = .critical }
        return logger
    }
}
