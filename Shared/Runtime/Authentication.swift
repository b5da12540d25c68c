import Foundation
import HTTPTypes
package import Hummingbird

/// Lets a request through only with a valid `Authorization: Bearer` token (RFC 6750) and puts its principal into the context.
package struct Authentication: RouterMiddleware {
    package typealias Context = WebContext

    private let tokens: APITokens
    private let time: TimeSource

    package init(tokens: APITokens, time: TimeSource) {
        self.tokens = tokens
        self.time = time
    }

    package func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        guard let header = request.headers[.authorization] else { throw Self.missing }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { throw Self.missing }
        var context = context
        context.principal = try await tokens.verify(parts[1].trimmingCharacters(in: .whitespaces), at: time.now())
        return try await next(request, context)
    }

    static var missing: Problem {
        Problem(
            .unauthorized, "Not authorized",
            detail: "This needs an API token, in a header such as Authorization: Bearer eyJ… Make one with: scheduler token",
            headers: [.wwwAuthenticate: "Bearer realm=\"waybill\""])
    }
}
