import AsyncHTTPClient
import Logging
import MIME
import Mail
import NIOCore
import NIOHTTP1
import NIOPosix
import Runtime
import SMTP
import ServiceLifecycle

/// What the sandbox's recipients do with the mail that they were given: they fetch the image, follow links, answer, complain.
///
/// Goes to two places only, whatever a message says: the tracker's public front, whose redirects it does not follow, and the
/// bounce intake. What has not happened when the sender stops never does.
final class SandboxWorld: Service {
    private let publicURL: String
    /// Where ``publicURL`` is reached from here.
    private let front: String
    private let intake: SMTPEndpoint
    private let client: SMTPClient
    /// Percent.
    private let pace: Int
    private let time: TimeSource
    private let logger: Logger
    private let deeds: AsyncStream<Deed>
    private let plan: AsyncStream<Deed>.Continuation

    /// At most so many wait for their time, and as many again for a place among them: who sends a flood at the sandbox gets no
    /// flood back.
    private static let mostAtOnce = 5000
    /// How long to wait before each further try where the tracker is away.
    private static let patience: [Duration] = [.seconds(1), .seconds(4), .seconds(16)]

    private struct Deed: Sendable {
        let due: Timestamp
        let act: Act

        enum Act: Sendable {
            case fetch(url: String, userAgent: String)
            case send(SandboxReturnMail)
        }
    }

    /// - Parameters:
    ///   - publicURL: The tracker's public front, without a trailing slash.
    ///   - front: Where that is reached from here; the same, or what a container calls it.
    ///   - intake: Where bounces, complaints and automatic answers go.
    ///   - pace: How long everybody takes, in percent of what people and servers take; 0 for no time at all.
    init(
        publicURL: String, front: String, intake: SMTPEndpoint, client: SMTPClient, pace: Int, time: TimeSource, logger: Logger
    ) {
        self.publicURL = publicURL
        self.front = front
        self.intake = intake
        self.client = client
        self.pace = pace
        self.time = time
        self.logger = logger
        (deeds, plan) = AsyncStream.makeStream(of: Deed.self, bufferingPolicy: .bufferingOldest(Self.mostAtOnce))
    }

    /// Waits as long as somebody at this pace would.
    func hesitate(_ wait: Duration) async throws {
        guard wait > .zero, pace > 0 else { return }
        try await time.sleep(wait * pace / 100)
    }

    /// Mail has reached this recipient.
    func deliver(_ mail: OutgoingMail, to persona: SandboxPersona) {
        let now = time.now()
        switch persona {
        case .bounceLater: if !mail.returnPath.isEmpty { answer(.bounce(of: mail, at: now), after: .seconds(30)) }
        case .complain: if !mail.returnPath.isEmpty { answer(.complaint(about: mail, at: now), after: .seconds(60)) }
        case .autoReply: answer(.outOfOffice(to: mail, at: now), after: .seconds(3))
        case .opens, .clicks, .scanner, .apple, .gmail: read(mail, as: persona)
        case .permanentFailure, .temporaryFailure, .mailboxFull, .slow, .dropAfterDot: break
        }
    }

    private func answer(_ mail: SandboxReturnMail?, after wait: Duration) {
        if let mail { add(.send(mail), after: wait) }
    }

    private func read(_ mail: OutgoingMail, as persona: SandboxPersona) {
        do {
            guard let reader = SandboxReader(persona), let html = try ReadMessage(mail.bytes).html else { return }
            for visit in reader.visits(to: html, publicURL: publicURL) {
                add(
                    .fetch(url: front + visit.url.dropFirst(publicURL.count), userAgent: visit.step.userAgent),
                    after: visit.step.after)
            }
        } catch {
            logger.warning("A sandbox recipient cannot read a message", metadata: ["reason": "\(error)"])
        }
    }

    private func add(_ act: Deed.Act, after wait: Duration) {
        if case .dropped = plan.yield(Deed(due: time.now() + wait * pace / 100, act: act)) {
            logger.warning("The sandbox's recipients have too much to do; some of it is left undone")
        }
    }

    func run() async throws {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(10))
        let web = HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                var count = 0
                for await deed in self.deeds {
                    if count == Self.mostAtOnce { await group.next() } else { count += 1 }
                    group.addTask { await self.perform(deed, web) }
                }
            }
        }
        try await web.shutdown()
    }

    private func perform(_ deed: Deed, _ web: HTTPClient) async {
        do {
            try await time.sleep(deed.due - time.now())
            for wait in Self.patience.map(Optional.some) + [nil] {
                do {
                    switch deed.act {
                    case .fetch(let url, let userAgent): try await fetch(url, userAgent, web)
                    case .send(let mail): try await send(mail)
                    }
                    return
                } catch let failure as Failure {
                    guard let wait, !failure.isFinal else {
                        logger.warning("A sandbox recipient was not heard", metadata: ["reason": "\(failure)"])
                        return
                    }
                    try await time.sleep(wait)
                }
            }
        } catch {
            // Cancelled: the sender stops.
        }
    }

    /// Why a recipient was not heard.
    private struct Failure: Error, CustomStringConvertible {
        let description: String
        var isFinal = false
    }

    /// Reads the answer to its end and goes nowhere from there.
    private func fetch(_ url: String, _ userAgent: String, _ web: HTTPClient) async throws {
        var request = HTTPClientRequest(url: url)
        request.headers = ["User-Agent": userAgent, "Accept": "*/*"]
        do {
            let response = try await web.execute(request, timeout: .seconds(10))
            for try await _ in response.body {}
            guard response.status.code < 500 else { throw Failure(description: "The tracker answered \(response.status.code).") }
        } catch let error as CancellationError {
            throw error
        } catch let failure as Failure {
            throw failure
        } catch {
            try Task.checkCancellation()
            throw Failure(description: "The tracker at \(front) cannot be reached: \(error)")
        }
    }

    private func send(_ mail: SandboxReturnMail) async throws {
        let outcome: SMTPOutcome
        do {
            let session = try await client.connect(to: intake)
            outcome = await session.send(from: mail.from, to: mail.to, message: mail.bytes).outcome
            await session.quit()
        } catch {
            outcome = error.outcome
        }
        try Task.checkCancellation()
        switch outcome {
        case .accepted: return
        case .refused(let reply, _): throw Failure(description: "The bounce intake said: \(reply)", isFinal: reply.isPermanent)
        case .failed(let fault, _, _): throw Failure(description: "The bounce intake: \(fault)")
        case .unsendable(let obstacle): throw Failure(description: "The bounce intake: \(obstacle)", isFinal: true)
        }
    }
}
