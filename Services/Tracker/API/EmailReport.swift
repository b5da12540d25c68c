import HTTPTypes
import Hummingbird
import Mail

/// The list of emails as CSV: one row for each recipient, newest mailing first, written page by page so that memory stays the same
/// however many there are.
struct EmailReport: Sendable {
    let history: History
    let organization: String
    let filter: EmailFilter

    private static let header = [
        "accepted_at", "mailing", "kind", "name", "subject", "collection", "delivery", "address", "recipient", "role", "status",
        "reason", "updated_at", "attempts", "read", "first_viewed", "last_viewed", "views", "views_people", "client", "clicks",
        "clicks_people", "unsubscribed_at",
    ]

    var response: Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8; header=present", .contentDisposition: "attachment; filename=\"emails.csv\"",
                .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
            ],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: CSV.row(Self.header)))
                var cursor: Cursor?
                repeat {
                    let page = try await history.report(of: organization, filter: filter, cursor: cursor, limit: 100)
                    var text = ""
                    for (email, deliveries) in page.items {
                        for delivery in deliveries { text += Self.row(email, delivery) }
                    }
                    if !text.isEmpty { try await writer.write(ByteBuffer(string: text)) }
                    cursor = page.next
                } while cursor != nil
                try await writer.finish(nil)
            })
    }

    private static func row(_ email: EmailRow, _ delivery: DeliveryRow) -> String {
        func text(_ time: Timestamp?) -> String { time?.description ?? "" }
        return CSV.row([
            text(email.acceptedAt), email.id.description, email.kind, email.name, email.subject, email.collection ?? "",
            delivery.id.description, delivery.address, delivery.name ?? "", delivery.role.rawValue, delivery.state.rawValue,
            delivery.reason?.sentence ?? "", text(delivery.changedAt), String(delivery.attempts),
            email.isTracked || delivery.isRead ? (delivery.isRead ? "read" : "unread") : "untracked", text(delivery.views.first),
            text(delivery.views.last), String(delivery.views.hits.all), String(delivery.views.hits.people),
            delivery.views.client ?? "", String(delivery.clicks.all), String(delivery.clicks.people),
            text(delivery.unsubscribedAt),
        ])
    }
}
