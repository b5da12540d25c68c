import HTTPTypes
import Hummingbird
import Logging
import Mail
import Metrics

/// What happens around every request: monitoring paths, HEAD, problem documents for whatever goes wrong, figures and the access log.
struct WebResponder: HTTPResponder {
    private let name: String
    private let routes: RouterResponder<WebContext>
    /// Answers `GET` on every path that has any route, with the methods it has: what tells 405 from 404.
    private let methods: RouterResponder<WebContext>
    private let monitoring: Monitoring?

    init(name: String, router: Router<WebContext>, monitored: Readiness?) {
        self.name = name
        self.routes = router.buildResponder()
        self.methods = Self.methods(of: router)
        self.monitoring = monitored.map(Monitoring.init(readiness:))
    }

    func respond(to request: Request, context: WebContext) async throws -> Response {
        let start = ContinuousClock.now
        var response = await answer(request, context)
        if request.method == .head { response = Self.withoutBody(response) }
        let duration = start.duration(to: .now)
        note(request, context, status: response.status.code, duration: duration)
        return response
    }

    private func answer(_ request: Request, _ context: WebContext) async -> Response {
        do {
            if request.method == .get || request.method == .head, let response = try monitoring?.response(path: request.uri.path) {
                context.coreContext.endpointPath.value = request.uri.path
                return response
            }
            let response = try await routed(request, context)
            return try await ProblemRewrite.apply(to: response)
        } catch let problem as Problem {
            return Self.document(problem)
        } catch is any PassingFailure {
            return Self.document(Self.unavailable)
        } catch is CancellationError {
            return Self.document(Self.unavailable)
        } catch {
            context.logger.error("a request failed for a reason that nobody expected", error: error)
            return Self.document(
                Problem(.internalServerError, "Internal error", detail: "Something went wrong here; it has been logged."))
        }
    }

    private func routed(_ request: Request, _ context: WebContext) async throws -> Response {
        do {
            return try await response(from: routes, to: request, context)
        } catch let failure as any PassingFailure {
            context.logger.warning("a request could not be done just now", error: failure)
            throw failure
        }
    }

    private func response(
        from routes: RouterResponder<WebContext>, to request: Request, _ context: WebContext
    ) async throws -> Response {
        let response = try await routes.respond(to: request, context: context)
        guard context.endpointPath == Self.nowhere else { return response }
        var head = request.head
        head.method = .get
        let question = Request(head: head, body: request.body)
        let allowed = try await methods.respond(to: question, context: context).headers[.allow]
        context.coreContext.endpointPath.value = Self.nowhere
        guard let allowed else { return response }
        if request.method == .head, allowed.split(separator: ", ").contains("GET") {
            var context = context
            context.isHead = true
            return try await routes.respond(to: question, context: context)
        }
        throw Problem(
            .methodNotAllowed, "Method not allowed", detail: "This address takes \(allowed), not \(request.method.rawValue).",
            headers: [.allow: allowed])
    }

    private func note(_ request: Request, _ context: WebContext, status: Int, duration: Duration) {
        let known: Set<HTTPRequest.Method> = [.get, .head, .post, .put, .delete, .patch, .options]
        let method = known.contains(request.method) ? request.method.rawValue : "other"
        Counter(
            label: "waybill_http_requests_total",
            dimensions: [("server", name), ("method", method), ("status", "\(status / 100)xx")]
        ).increment()
        Timer(label: "waybill_http_request_seconds", dimensions: [("server", name)]).record(duration: duration)
        // The route, not the path: paths carry tokens and addresses.
        context.logger.debug(
            "request answered",
            metadata: [
                "server": "\(name)", "method": "\(method)", "route": "\(context.endpointPath ?? "-")", "status": "\(status)",
                "duration": "\(duration)",
            ])
    }

    /// What Hummingbird calls the endpoint of a request that no route takes.
    private static let nowhere = "NotFound"

    private static let unavailable = Problem(
        .serviceUnavailable, "Unavailable", detail: "This cannot be done just now; nothing has been changed. Try again soon.",
        headers: [.retryAfter: "5"])

    private static func document(_ problem: Problem) -> Response {
        do {
            return try problem.response()
        } catch {
            return Response(status: problem.status)
        }
    }

    private static func withoutBody(_ response: Response) -> Response {
        var head = response.createHeadResponse()
        if let length = response.body.contentLength { head.headers[.contentLength] = String(length) }
        return head
    }

    private static func methods(of router: Router<WebContext>) -> RouterResponder<WebContext> {
        let paths = Dictionary(grouping: router.routes, by: { $0.path.description })
        let methods = Router(context: WebContext.self)
        for routes in paths.values {
            guard let path = routes.first?.path else { continue }
            var names = Set(routes.map(\.method.rawValue))
            if names.contains("GET") { names.insert("HEAD") }
            let allowed = names.sorted().joined(separator: ", ")
            methods.get(path) { _, _ in Response(status: .noContent, headers: [.allow: allowed]) }
        }
        return methods.buildResponder()
    }
}
