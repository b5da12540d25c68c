import HTTPTypes
import Hummingbird
import Logging
import Mail
import Runtime

/// The history for programs: lists, one mailing, one delivery, the report, and what is happening just now.
struct HistoryRoutes: Sendable {
    let history: History
    let live: LiveUpdates
    let authentication: Authentication

    func add(to router: Router<WebContext>) {
        let api = router.group("v1").add(middleware: authentication)
        api.get("history") { request, context in try await list(request, context) }
        api.get("mailings/:id") { _, context in try await mailing(context) }
        api.get("deliveries/:id") { _, context in try await timeline(context) }
        api.get("deliveries/:id/log") { _, context in try await log(context) }
        api.get("reports/emails.csv") { request, context in
            let principal = try context.require(.read)
            return EmailReport(history: history, organization: principal.organization, filter: try EmailFilter(request)).response
        }
        api.get("stream") { request, context in
            try await FactStream(history: history, live: live, organization: context.require(.read).organization).response(
                to: request)
        }
    }

    private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        let principal = try context.require(.read)
        let page = try await history.emails(
            of: principal.organization, filter: try EmailFilter(request), cursor: try Cursor.from(request),
            limit: try Self.limit(of: request))
        return try .json(HistoryJSON.List(items: page.items.map { HistoryJSON.Email($0) }, next: page.next?.description))
    }

    private static func limit(of request: Request) throws -> Int {
        guard let text = request.uri.queryParameters["limit"], !text.isEmpty else { return 50 }
        guard let limit = Int(text), (1...500).contains(limit) else {
            throw Problem(
                .unprocessableContent, "Query not right", detail: "A part of the address cannot be read.",
                faults: [.init(pointer: "limit", detail: "It is a number from 1 to 500.")])
        }
        return limit
    }

    private func mailing(_ context: WebContext) async throws -> Response {
        let principal = try context.require(.read)
        guard let id = MailingID(context.parameters.get("id") ?? ""),
            let detail = try await history.mailing(id, of: principal.organization)
        else { throw Self.unknown("mailing") }
        return try .json(HistoryJSON.Email(detail.row, deliveries: detail.deliveries))
    }

    private func timeline(_ context: WebContext) async throws -> Response {
        let principal = try context.require(.read)
        guard let id = DeliveryID(context.parameters.get("id") ?? ""),
            let timeline = try await history.timeline(of: id, organization: principal.organization)
        else { throw Self.unknown("delivery") }
        return try .json(HistoryJSON.Timeline(timeline))
    }

    private func log(_ context: WebContext) async throws -> Response {
        let principal = try context.require(.read)
        guard let id = DeliveryID(context.parameters.get("id") ?? ""),
            let log = try await history.log(of: id, organization: principal.organization)
        else { throw Self.unknown("delivery") }
        return DeliveryLogFile(history: history, log: log).response()
    }

    /// The same whether it does not exist or belongs to somebody else.
    private static func unknown(_ what: String) -> Problem {
        Problem(
            .notFound, "Not found", detail: "There is no \(what) with this id. It may not have been recorded yet: try again soon.")
    }
}
