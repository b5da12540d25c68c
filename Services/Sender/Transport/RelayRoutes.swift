import Mail
import SMTP

/// The way to every recipient is the same: our own relays, in the order in which they are set.
struct RelayRoutes: Sendable {
    private let route: Route

    init(_ relays: [SMTPEndpoint]) {
        route = Route(
            destination: "relays",
            groups: relays.map { relay in [Route.Host(name: "\(relay.host):\(relay.port)") { .success([relay]) }] })
    }

    @Sendable
    func find(_ recipient: EmailAddress) async -> Routing { .route(route, remark: nil) }
}
