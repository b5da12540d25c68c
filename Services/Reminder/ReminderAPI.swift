import Foundation
import HTTPTypes
import Hummingbird
import Mail
import Runtime

/// The HTTP API for what expires.
struct ReminderAPI: Sendable {
    let agenda: Agenda
    let tokens: APITokens

    func router() -> Router<WebContext> {
        let router = Router(context: WebContext.self)
        router.group("v1")
            .add(middleware: Authentication(tokens: tokens, time: agenda.time))
            .put("collections/:id", use: put)
            .get("collections/:id", use: show)
            .delete("collections/:id", use: remove)
            .get("collections", use: list)
            .get("collections/:id/reminders", use: reminders)
            .get("reminders", use: upcoming)
        return router
    }

    // MARK: - Collections

    private struct CollectionAnswer: Encodable {
        let id: String
        let expiresAt: Timestamp
        let changedAt: Timestamp
        let document: CollectionDocument

        init(_ collection: Agenda.Collection) {
            id = collection.id
            expiresAt = collection.expiresAt
            changedAt = collection.changedAt
            document = collection.document
        }
    }

    private struct Page<Item: Encodable>: Encodable {
        let items: [Item]
        let next: String?

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(items, forKey: .items)
            // The last page says so.
            try container.encode(next, forKey: .next)
        }

        private enum Key: String, CodingKey { case items, next }
    }

    @Sendable private func put(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try context.require(.remind)
        let id = try Self.id(in: context)
        let tree = try await request.decodeJSON(JSONTree.self, upTo: CollectionDocument.largestBody, context: context)
        let document: CollectionDocument
        do {
            document = try CollectionDocument(reading: tree)
        } catch {
            throw Problem(
                .unprocessableContent, "The collection was refused",
                detail: "Nothing was changed. Each fault is listed; all must be mended.", faults: error.faults)
        }
        let version = request.headers[.ifMatch].map { $0.trimmingPrefix("\"").prefix { $0 != "\"" } }
        switch try await agenda.put(document, as: id, of: client.organization, ifVersion: version.map(String.init)) {
        case .made(let collection):
            return try Self.answer(collection, status: .created, [.location: "/v1/collections/\(id)"])
        case .changed(let collection), .unchanged(let collection):
            return try Self.answer(collection)
        case .otherVersion:
            throw Problem(
                .preconditionFailed, "The collection has changed",
                detail: "It is not the version that If-Match names. Read it again, then decide.")
        }
    }

    @Sendable private func show(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try context.require(.remind)
        guard let collection = try await agenda.collection(Self.id(in: context), of: client.organization) else {
            throw Self.unknown
        }
        return try Self.answer(collection)
    }

    @Sendable private func remove(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try context.require(.remind)
        guard try await agenda.remove(Self.id(in: context), of: client.organization) else { throw Self.unknown }
        return Response(status: .noContent)
    }

    @Sendable private func list(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try context.require(.remind)
        let limit = try Self.limit(in: request)
        let cursor = request.uri.queryParameters["cursor"].map(String.init) ?? ""
        guard cursor.isEmpty || CollectionCommand.isCollection(cursor) else { throw Self.badCursor }
        let found = try await agenda.collections(of: client.organization, after: cursor, atMost: limit + 1)
        let items = found.prefix(limit)
        return try .json(
            Page(items: items.map { CollectionAnswer($0) }, next: found.count > limit ? items.last?.id : nil))
    }

    // MARK: - Reminders

    @Sendable private func reminders(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try context.require(.remind)
        let id = try Self.id(in: context)
        guard try await agenda.collection(id, of: client.organization) != nil else { throw Self.unknown }
        return try .json(Page(items: try await agenda.reminders(of: id, in: client.organization), next: nil))
    }

    @Sendable private func upcoming(_ request: Request, _ context: WebContext) async throws -> Response {
        let client = try context.require(.remind)
        let limit = try Self.limit(in: request)
        var after: (Timestamp, ReminderID)?
        if let cursor = request.uri.queryParameters["cursor"] {
            let parts = cursor.split(separator: ".", maxSplits: 1)
            guard parts.count == 2, let dueAt = Int64(parts[0]), let id = ReminderID(parts[1]) else { throw Self.badCursor }
            after = (Timestamp(microseconds: dueAt), id)
        }
        let found = try await agenda.upcoming(of: client.organization, after: after, atMost: limit + 1)
        let items = found.prefix(limit)
        let next = found.count > limit ? items.last.map { "\($0.dueAt.microseconds).\($0.id)" } : nil
        return try .json(Page(items: Array(items), next: next))
    }

    // MARK: - Asking

    private static func answer(
        _ collection: Agenda.Collection, status: HTTPResponse.Status = .ok, _ headers: HTTPFields = [:]
    ) throws -> Response {
        var headers = headers
        headers[.eTag] = "\"\(collection.version)\""
        return try .json(CollectionAnswer(collection), status: status, headers: headers)
    }

    private static func id(in context: WebContext) throws -> String {
        let id = try context.parameters.require("id")
        guard CollectionCommand.isCollection(id) else {
            throw Problem(.badRequest, "The collection's name is not right", detail: CollectionCommand.collectionRule)
        }
        return id
    }

    private static func limit(in request: Request) throws -> Int {
        guard let text = request.uri.queryParameters["limit"] else { return 50 }
        guard let limit = Int(text), (1...200).contains(limit) else {
            throw Problem(.badRequest, "The limit is not right", detail: "limit is a whole number from 1 to 200.")
        }
        return limit
    }

    private static var badCursor: Problem {
        Problem(.badRequest, "The cursor is not right", detail: "cursor is what the page before gave as next.")
    }

    private static var unknown: Problem {
        Problem(.notFound, "There is no such collection", detail: "No collection of this organization has this id.")
    }
}
