import Foundation
import HTTPTypes
import Hummingbird
import MIME
import Mail
import Runtime

/// The sandbox's mail in a browser, as its recipients would see it, and as JSON for tests.
///
/// The mail is hostile: bodies show in a frame without scripts, forms or our origin, and remote images only when asked for.
struct Inbox: Sendable {
    private let index: InboxIndex
    /// Whether mail comes here at all, or leaves.
    private let isInUse: Bool

    private static let pageLength = 50

    init(maildir: Maildir, isInUse: Bool) {
        index = InboxIndex(maildir: maildir)
        self.isInUse = isInUse
    }

    func router() -> Router<WebContext> {
        let router = Router(context: WebContext.self)
        router.get("/") { request, _ in try await list(request) }
        router.get("/style.css") { _, _ in
            Self.response(
                InboxStyle.css, type: "text/css; charset=utf-8", policy: Self.pagePolicy, [.cacheControl: "max-age=300"])
        }
        router.get("/inbox.json") { request, _ in try await json(request) }
        router.get("/messages/:id") { request, context in try await page(request, context) }
        router.get("/messages/:id/body") { request, context in try await body(request, context) }
        router.get("/messages/:id/raw") { _, context in try await raw(context) }
        router.get("/messages/:id/attachments/:number") { _, context in try await attachment(context) }
        return router
    }

    // MARK: - Lists

    private func list(_ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        let to = query["to"].map(String.init) ?? ""
        let (entries, total) = try await index.entries(
            to: to, before: query["before"].map(String.init), limit: Self.pageLength + 1)
        let shown = Array(entries.prefix(Self.pageLength))
        let next = entries.count > Self.pageLength ? shown.last?.id : nil
        return Self.page(InboxPages.list(shown, total: total, to: to, next: next, isInUse: isInUse))
    }

    /// One message in ``json(_:)``.
    private struct Item: Encodable {
        let id: String
        let recipient: String
        let from: String
        let subject: String
        let messageID: String
        let receivedAt: Timestamp
        let raw: String
    }

    private struct Items: Encodable {
        let messages: [Item]
        let total: Int
        /// The value of `before` for the next page.
        let next: String?
    }

    private func json(_ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        let limit = query["limit"].flatMap { Int($0) }.map { min(max($0, 1), 1000) } ?? 100
        let (entries, total) = try await index.entries(
            to: query["to"].map(String.init) ?? "", before: query["before"].map(String.init), limit: limit + 1)
        let items = entries.prefix(limit).map { entry in
            Item(
                id: entry.id, recipient: entry.recipient, from: entry.from, subject: entry.subject, messageID: entry.messageID,
                receivedAt: entry.at, raw: "/messages/\(entry.id)/raw")
        }
        return try .json(Items(messages: items, total: total, next: entries.count > limit ? items.last?.id : nil))
    }

    // MARK: - One message

    private func page(_ request: Request, _ context: WebContext) async throws -> Response {
        let (entry, bytes) = try await message(context)
        let query = request.uri.queryParameters
        let message = try ReadMessage(bytes)
        let view: InboxPages.View =
            switch query["view"] {
            case "text": .text
            case "source": .source
            default: message.html == nil ? .text : .html
            }
        return Self.page(
            InboxPages.message(
                entry, message, view: view, showsImages: query["images"] == "1",
                source: view == .source ? String(decoding: bytes.prefix(512 * 1024), as: UTF8.self) : nil))
    }

    private func body(_ request: Request, _ context: WebContext) async throws -> Response {
        let (_, bytes) = try await message(context)
        guard let html = try ReadMessage(bytes).html else {
            throw Problem(.notFound, "Not found", detail: "This message has no HTML part.")
        }
        let images = request.uri.queryParameters["images"] == "1" ? "data: http: https:" : "data:"
        // Links open beside the inbox. At the end, so that the page's own beginning stays as it is.
        return Self.response(
            html + "<base target=\"_blank\">", type: "text/html; charset=utf-8",
            policy: """
                default-src 'none'; style-src 'unsafe-inline'; img-src \(images); base-uri 'none'; form-action 'none'; \
                frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox
                """)
    }

    private func raw(_ context: WebContext) async throws -> Response {
        let (_, bytes) = try await message(context)
        return Self.response(bytes, type: "text/plain; charset=utf-8", policy: Self.closedPolicy)
    }

    private func attachment(_ context: WebContext) async throws -> Response {
        let (_, bytes) = try await message(context)
        let attachments = try ReadMessage(bytes).attachments
        guard let number = context.parameters.get("number", as: Int.self), attachments.indices.contains(number) else {
            throw Problem(.notFound, "Not found", detail: "This message has no such attachment.")
        }
        // Whatever it says it is, a browser shall keep it and not show it.
        return Self.response(
            attachments[number].bytes, type: "application/octet-stream", policy: Self.closedPolicy,
            [.contentDisposition: "attachment; filename*=UTF-8''\(Self.encoded(attachments[number].name))"])
    }

    private func message(_ context: WebContext) async throws -> (entry: InboxIndex.Entry, bytes: [UInt8]) {
        guard let message = try await index.message(try context.parameters.require("id")) else {
            throw Problem(
                .notFound, "Not found", detail: "There is no such message; the sandbox keeps a limited number of them.")
        }
        return message
    }

    // MARK: - Answers

    private static let pagePolicy = """
        default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'
        """
    private static let closedPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

    private static func page(_ page: HTML) -> Response {
        response(page.markup, type: "text/html; charset=utf-8", policy: pagePolicy)
    }

    private static func response(_ text: String, type: String, policy: String, _ more: HTTPFields = [:]) -> Response {
        response(Array(text.utf8), type: type, policy: policy, more)
    }

    private static func response(_ bytes: [UInt8], type: String, policy: String, _ more: HTTPFields = [:]) -> Response {
        var headers: HTTPFields = [
            .contentType: type, .contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff", .cacheControl: "no-store",
        ]
        headers[referrerPolicy] = "no-referrer"
        for field in more { headers[field.name] = field.value }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static let referrerPolicy = HTTPField.Name.referrerPolicy

    /// RFC 8187: percent-encoded UTF-8.
    private static func encoded(_ name: String) -> String {
        name.utf8.map { byte in
            let character = Character(UnicodeScalar(byte))
            if character.isASCII, character.isLetter || character.isNumber || "-._".contains(character) { return String(character) }
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .referer
}
