import Hummingbird
import Mail
import Runtime

/// What a person can ask for. The scheduler decides; the page that comes back says what became of it.
extension ConsoleRoutes {
    func addActions(to router: Router<WebContext>) {
        router.post("/emails/:mailing/cancel", use: cancelMailing)
        router.post("/deliveries/:delivery/cancel", use: cancelDelivery)
        router.post("/deliveries/:delivery/resolve", use: resolve)
    }

    private func cancelMailing(_ request: Request, context: WebContext) async throws -> Response {
        try await action(request) { visitor, _ in
            let who = visitor.principal
            guard let id: MailingID = context.id("mailing"), try await history.mailing(id, of: who.organization) != nil else {
                throw HTTPError(.notFound)
            }
            try await commands.send(.cancelMailing(organization: who.organization, mailing: id, by: who.subject), at: time.now())
            return .redirect(to: ConsoleLink.email(id, asked: .cancel), type: .normal)
        }
    }

    private func cancelDelivery(_ request: Request, context: WebContext) async throws -> Response {
        try await action(request) { visitor, _ in
            let who = visitor.principal
            guard let id: DeliveryID = context.id("delivery"),
                let story = try await history.timeline(of: id, organization: who.organization)
            else { throw HTTPError(.notFound) }
            try await commands.send(.cancelDelivery(organization: who.organization, delivery: id, by: who.subject), at: time.now())
            return .redirect(to: ConsoleLink.email(story.email.id, recipient: id, asked: .cancel), type: .normal)
        }
    }

    private func resolve(_ request: Request, context: WebContext) async throws -> Response {
        try await action(request) { visitor, form in
            let who = visitor.principal
            guard let choice = form["choice"].flatMap(ConsoleLink.Asked.init(rawValue:)), choice != .cancel else {
                throw Problem(
                    .badRequest, "Nothing was chosen", detail: "Go back and say whether it arrived or is to be sent again.")
            }
            guard let id: DeliveryID = context.id("delivery"),
                let story = try await history.timeline(of: id, organization: who.organization)
            else { throw HTTPError(.notFound) }
            try await commands.send(
                .resolveDelivery(organization: who.organization, delivery: id, delivered: choice == .arrived, by: who.subject),
                at: time.now())
            return .redirect(to: ConsoleLink.email(story.email.id, recipient: id, asked: choice), type: .normal)
        }
    }
}
