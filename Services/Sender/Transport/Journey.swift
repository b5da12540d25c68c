import DNS
import Mail
import NIOCore
import SMTP

/// One message's way from server to server until one takes it or says no.
///
/// The next server is tried only while the message cannot have left, and only for what says nothing about the message: a server that
/// cannot be reached, greets with a refusal, breaks off, or says 421.
struct Journey {
    /// The most servers that are tried.
    private static let mostServers = 10
    /// After this no other server is tried; the next attempt may come to it.
    private static let patience = Duration.seconds(300)
    /// When the message has to be ready for its end. With a minute for its turn before and ten for the answer after, a ticket is settled
    /// within the 30 minutes that RabbitMQ waits for it, however slowly a server talks.
    private static let limit = TimeAmount.minutes(18)
    /// How long a connection may take to stand while there are others to try.
    private static let shortConnect = Duration.seconds(10)

    private let mail: OutgoingMail
    private let route: Route
    private let transport: SMTPTransport
    private let beforeDot: @Sendable () async throws -> Void
    private let began = ContinuousClock.now
    private let deadline = NIODeadline.now() + Self.limit
    private let from: String
    private let to: String

    private var story: SMTPTranscript
    private var tried: Set<SMTPEndpoint> = []
    /// Servers that failed of late, for when nobody else is left.
    private var avoided: [(host: String, server: SMTPEndpoint)] = []
    private var lookupFailures: [LookupFailure] = []
    /// What to tell if nobody takes the message: the last refusal, or else the last failure.
    private var result: SMTPOutcome?

    init(
        mail: OutgoingMail, route: Route, transport: SMTPTransport, story: SMTPTranscript,
        beforeDot: @escaping @Sendable () async throws -> Void
    ) {
        self.mail = mail
        self.route = route
        self.transport = transport
        self.story = story
        self.beforeDot = beforeDot
        to = mail.recipient.envelopeForm
        from = Self.envelopeForm(mail.returnPath)
    }

    /// A return path with its domain in ASCII, where that is possible.
    private static func envelopeForm(_ path: String) -> String {
        // Most are in ASCII, so that there is nothing to do.
        let isPlain = { (byte: UInt8) in byte < 0x80 && byte != UInt8(ascii: "[") && !(0x41...0x5A).contains(byte) }
        guard !path.utf8.allSatisfy(isPlain) else { return path }
        do { return try EmailAddress(path).envelopeForm } catch { return path }
    }

    mutating func make() async -> Handover {
        let outcome = await findTaker()
        return Handover(outcome, story)
    }

    private mutating func findTaker() async -> SMTPOutcome {
        for (index, group) in route.groups.enumerated() {
            while let kept = transport.pool.take(for: route.destination, to: group) {
                if let outcome = await send(over: kept, isKept: true) { return outcome }
            }
            let hosts = group.shuffled()
            for (place, host) in hosts.enumerated() {
                let isLast = index == route.groups.count - 1 && place == hosts.count - 1
                if let outcome = await visit(host, isLast: isLast) { return outcome }
            }
        }
        for (index, (host, server)) in avoided.enumerated() {
            if let outcome = await approach(server, of: host, isLast: index == avoided.count - 1, asLastChoice: true) {
                return outcome
            }
        }
        return result ?? unrouted
    }

    /// Tries a host's servers. `nil` means that the next host's turn has come.
    private mutating func visit(_ host: Route.Host, isLast: Bool) async -> SMTPOutcome? {
        switch await host.servers() {
        case .failure(.cancelled): return .failed(.cancelled, stage: .connect, mayHaveLeft: false)
        case .failure(let failure):
            story.note("\(host.name): \(failure)")
            lookupFailures.append(failure)
        case .success(let servers):
            for (place, server) in servers.enumerated() {
                let isVeryLast = isLast && place == servers.count - 1 && avoided.isEmpty
                if let outcome = await approach(server, of: host.name, isLast: isVeryLast, asLastChoice: false) { return outcome }
            }
        }
        return nil
    }

    /// Tries a server, unless it is to be avoided. `nil` means that the next one's turn has come.
    private mutating func approach(
        _ server: SMTPEndpoint, of host: String, isLast: Bool, asLastChoice: Bool
    ) async -> SMTPOutcome? {
        guard !tried.contains(server) else { return nil }
        guard tried.count < Self.mostServers, began.duration(to: .now) < Self.patience else { return nil }
        guard transport.health.admits(server, asLastChoice: asLastChoice) else {
            guard asLastChoice else {
                avoided.append((host, server))
                return nil
            }
            let complaint = transport.health.complaint(about: server) ?? "it is tried by another message"
            note(
                .failed(
                    .unreachable("\(server.displayName) was not tried, because \(complaint)"), stage: .connect, mayHaveLeft: false))
            story.note("\(server.displayName) is not tried, because \(complaint)")
            return nil
        }
        tried.insert(server)
        var hurried = server
        if !isLast { hurried.timeouts.connect = min(server.timeouts.connect, Self.shortConnect) }
        let session: SMTPSession
        do {
            session = try await transport.client.connect(to: hurried, by: deadline)
        } catch {
            story = error.transcript.following(story)
            guard Self.concernsServer(error.outcome) else { return error.outcome }
            let couldConnect = if case .failed(_, stage: .connect, _) = error.outcome { false } else { true }
            transport.health.failed(server, "\(error)", couldConnect: couldConnect)
            note(error.outcome)
            return nil
        }
        transport.health.succeeded(server)
        return await send(over: SessionPool.Kept(session: session, server: server, host: host), isKept: false)
    }

    /// `nil` means that the next server's turn has come.
    private mutating func send(over kept: SessionPool.Kept, isKept: Bool) async -> SMTPOutcome? {
        let attempt = await kept.session.send(
            from: from, to: to, message: mail.bytes, envelopeID: mail.envelopeID, by: deadline, beforeDot: beforeDot)
        transport.pool.put(kept, for: route.destination)
        // A kept connection that turns out to be closed has nothing to tell.
        if isKept, Self.wasStale(attempt.outcome) { return nil }
        story = attempt.transcript.following(story)
        guard Self.concernsServer(attempt.outcome) else { return attempt.outcome }
        tried.insert(kept.server)
        note(attempt.outcome)
        return nil
    }

    private mutating func note(_ outcome: SMTPOutcome) {
        if case .refused? = result, case .failed = outcome { return }
        result = outcome
    }

    /// The outcome where no server was found at all.
    private var unrouted: SMTPOutcome {
        if let passing = lookupFailures.first(where: \.isPassing) {
            return .failed(.unresolved("\(passing)"), stage: .connect, mayHaveLeft: false)
        }
        let reasons = lookupFailures.map(\.description).joined(separator: "; ")
        return .unsendable(.unroutable(reasons))
    }

    /// Whether an outcome says something about the server and nothing about the message, which cannot have left.
    private static func concernsServer(_ outcome: SMTPOutcome) -> Bool {
        switch outcome {
        case .accepted, .unsendable, .failed(_, _, mayHaveLeft: true), .failed(.cancelled, _, _), .failed(.withheld, _, _): false
        case .failed: true
        case .refused(let reply, let stage):
            switch stage {
            case .connect, .greeting, .hello, .startTLS, .tls, .auth, .reset, .idle, .quit: true
            case .mail, .recipient, .data, .message, .dot: reply.code == 421
            }
        }
    }

    /// Whether a kept connection turned out to be closed, or was closed with a goodbye, before anything was said about this message.
    private static func wasStale(_ outcome: SMTPOutcome) -> Bool {
        switch outcome {
        case .failed(let fault, let stage, mayHaveLeft: false):
            guard [.reset, .idle, .mail].contains(stage) else { return false }
            if case .disconnected = fault { return true }
            return fault == .unusable
        case .refused(let reply, let stage): return reply.code == 421 && [.reset, .idle, .mail].contains(stage)
        case .accepted, .unsendable, .failed: return false
        }
    }
}
