import Logging
import Mail
import NIOPosix
import SMTP
import ServiceLifecycle

/// Hands messages to SMTP servers: relays or the recipients' own, whichever the route names and the first that takes it.
struct SMTPTransport: Transport {
    let client: SMTPClient
    let pool: SessionPool
    let health: ServerHealth
    /// The way to a recipient.
    let find: @Sendable (EmailAddress) async -> Routing

    /// - Parameter routes: Makes what finds the way, with what is known of the servers.
    /// - Throws: Where the file of authorities cannot be read.
    init(
        _ settings: TransportSettings, logger: Logger,
        routes: (ServerHealth) -> @Sendable (EmailAddress) async -> Routing
    ) throws {
        client = try SMTPClient(
            group: MultiThreadedEventLoopGroup.singleton, trustRoots: settings.authorities, logger: logger)
        pool = SessionPool(settings.limits)
        let isOurs = if case .relays = settings.choice { true } else { false }
        health = ServerHealth(logger: logger, level: isOurs ? .warning : .debug)
        find = routes(health)
    }

    func deliver(_ mail: OutgoingMail, beforeDot: @escaping @Sendable () async throws -> Void) async -> Handover {
        var story = SMTPTranscript()
        let route: Route
        switch await find(mail.recipient) {
        case .route(let found, let remark):
            if let remark { story.note(remark) }
            route = found
        case .none(let outcome, let remark):
            story.note(remark)
            return Handover(outcome, story)
        }
        switch await pool.enter(route.destination) {
        case .come: break
        case .cancelled: return Handover(.failed(.cancelled, stage: .connect, mayHaveLeft: false), story)
        case .missed:
            let fault = SMTPFault.unreachable("all \(pool.limits.connections) connections to it were busy for \(pool.limits.wait)")
            story.note("\(fault)")
            return Handover(.failed(fault, stage: .connect, mayHaveLeft: false), story)
        }
        defer { pool.leave(route.destination) }
        var journey = Journey(mail: mail, route: route, transport: self, story: story, beforeDot: beforeDot)
        return await journey.make()
    }

    /// Looks after the connections.
    func run() async throws { await pool.run() }
}
