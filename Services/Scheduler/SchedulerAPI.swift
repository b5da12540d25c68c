import Foundation
import HTTPTypes
import Hummingbird
import Mail
import Runtime

/// The HTTP API for mailings.
struct SchedulerAPI: Sendable {
    let desk: MailingDesk
    let tokens: APITokens

    private var ledger: Ledger { desk.ledger }

    func router() -> Router<WebContext> {
        let router = Router(context: WebContext.self)
        router.group("v1")
            .add(middleware: Authentication(tokens: tokens, time: desk.ledger.time))
            .post("mailings", use: submit)
            .get("mailings/:id", use: show)
            .post("mailings/:id/cancel", use: cancelMailing)
            .post("deliveries/:id/cancel", use: cancelDelivery)
            .post("deliveries/:id/resolve", use: resolveDelivery)
        return router
    }

    // MARK: - Mailings

    @Sendable private func submit(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try context.require(.send)
        let key = try Self.idempotencyKey(of: request)
        let submission = try await request.decodeJSON(Submission.self, upTo: desk.limits.bodyBytes, context: context)
        let acceptance: Ledger.Acceptance
        do {
            acceptance = try await desk.submit(submission, as: .fresh(), of: client.organization, key: key)
        } catch let refusal as Admission.Refusal {
            throw Problem(
                .unprocessableContent, "The mailing was refused",
                detail: "Nothing was accepted. Each fault is listed; all must be mended.",
                faults: refusal.faults)
        }
        switch acceptance {
        case .accepted(let summary), .repeated(let summary):
            return try .json(summary, status: .accepted, headers: [.location: "/v1/mailings/\(summary.id)"])
        case .keyReused:
            throw Problem(
                .unprocessableContent, "The idempotency key was used before",
                detail: "This Idempotency-Key came with a different mailing earlier. Use a new key for a new mailing.")
        case .idTaken:
            throw Problem(.conflict, "The mailing exists already", detail: "Submit it once more: it will get another id.")
        }
    }

    private static func idempotencyKey(of request: Request) throws -> String? {
        guard let name = HTTPField.Name("Idempotency-Key"), let key = request.headers[name] else { return nil }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw Problem(
                .badRequest, "The idempotency key is not right", detail: "Idempotency-Key has 1 to 255 printable ASCII characters.")
        }
        return key
    }

    @Sendable private func show(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try Self.reader(context)
        let mailing = try Self.id(of: OfMailing.self, in: context, called: "mailing")
        guard let summary = try await ledger.summary(of: mailing, for: client.organization) else {
            throw Self.unknown("mailing")
        }
        return try .json(summary)
    }

    /// What became of a request to cancel a mailing.
    private struct Cancellation: Encodable {
        let id: MailingID
        let cancelled: Int
        let notCancelled: [Left]

        struct Left: Encodable {
            let id: DeliveryID
            let address: String
            let state: DeliveryState
            let detail: String
        }
    }

    @Sendable private func cancelMailing(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try context.require(.send)
        let mailing = try Self.id(of: OfMailing.self, in: context, called: "mailing")
        guard let (cancelled, summary) = try await ledger.cancel(mailing, of: client.organization, by: client.subject) else {
            throw Self.unknown("mailing")
        }
        let left = summary.deliveries.filter { !cancelled.contains($0.id) && $0.state != .cancelled }
        return try .json(
            Cancellation(
                id: mailing, cancelled: cancelled.count,
                notCancelled: left.map {
                    .init(id: $0.id, address: $0.address, state: $0.state, detail: "It " + $0.state.whyNotCancelled + ".")
                }))
    }

    // MARK: - Deliveries

    private struct DeliveryAnswer: Encodable {
        let id: DeliveryID
        let state: DeliveryState
    }

    @Sendable private func cancelDelivery(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try context.require(.send)
        let delivery = try Self.id(of: OfDelivery.self, in: context, called: "delivery")
        guard let outcome = try await ledger.cancel(delivery, of: client.organization, by: client.subject) else {
            throw Self.unknown("delivery")
        }
        guard outcome.isChanged || outcome.state == .cancelled else {
            throw Problem(.conflict, "The delivery cannot be cancelled", detail: "It " + outcome.state.whyNotCancelled + ".")
        }
        return try .json(DeliveryAnswer(id: delivery, state: outcome.state))
    }

    private struct Resolution: Decodable {
        let `as`: Decision

        enum Decision: String, Decodable { case delivered, resend }

        init(from decoder: any Decoder) throws {
            self.as = try decoder.strictContainer(keyedBy: Key.self).decode(Decision.self, forKey: .as)
        }

        enum Key: String, CodingKey, CaseIterable { case `as` }
    }

    @Sendable private func resolveDelivery(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try context.require(.send)
        let delivery = try Self.id(of: OfDelivery.self, in: context, called: "delivery")
        let resolution = try await request.decodeJSON(Resolution.self, upTo: 1024, context: context)
        let outcome = try await ledger.resolve(
            delivery, of: client.organization, delivered: resolution.as == .delivered, by: client.subject)
        guard let outcome else { throw Self.unknown("delivery") }
        guard outcome.isChanged else {
            throw Problem(
                .conflict, "There is nothing to resolve",
                detail: "The delivery is \(outcome.state.rawValue); only an uncertain one can be resolved.")
        }
        return try .json(DeliveryAnswer(id: delivery, state: outcome.state))
    }

    // MARK: - Asking

    /// Who may send may also see what became of it.
    private static func reader(_ context: WebContext) throws -> Principal {
        if let principal = context.principal, principal.scopes.contains(.send) { return principal }
        return try context.require(.read)
    }

    private static func id<Subject>(of subject: Subject.Type, in context: WebContext, called what: String) throws -> ID<Subject> {
        guard let id = ID<Subject>(try context.parameters.require("id")) else { throw unknown(what) }
        return id
    }

    private static func unknown(_ what: String) -> Problem {
        Problem(.notFound, "There is no such \(what)", detail: "No \(what) of this organization has this id.")
    }
}

extension DeliveryState {
    /// A phrase that goes on from "It".
    fileprivate var whyNotCancelled: String {
        switch self {
        case .sending: "is being sent and cannot be cancelled"
        case .delivered: "has been delivered"
        case .bounced: "was refused by the recipient's server"
        case .dropped, .failed: "was never sent"
        case .uncertain: "may have left; resolve it instead"
        case .cancelled: "is cancelled"
        case .scheduled, .pending, .deferred: "is waiting"
        }
    }
}
