import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Mail
import NIOCore
import Runtime

/// The web console: pages that a person reads and the few things that they can ask for, mounted on the tracker's private router.
struct ConsoleRoutes: Sendable {
    let history: History
    let live: LiveUpdates
    let tokens: APITokens
    let time: TimeSource
    let commands: CommandSender
    let logger: Logger

    func add(to router: Router<WebContext>) {
        for asset in ConsoleAsset.all {
            router.get(RouterPath(asset.path)) { _, _ in asset.response }
        }
        router.get(RouterPath(ConsoleLink.signIn)) { request, _ in
            let next = SignInView.safe(next: request.query["next"])
            return ConsoleFrame.response(SignInView.page(next: next, trouble: nil, status: .ok), for: nil, to: request)
        }
        router.post(RouterPath(ConsoleLink.signIn), use: signIn)
        router.post(RouterPath(ConsoleLink.signOut), use: signOut)
        addPages(to: router)
        addActions(to: router)
    }

    // MARK: - Coming and going

    private func signIn(_ request: Request, context: WebContext) async throws -> Response {
        let form = try await fields(of: request)
        let next = SignInView.safe(next: form["next"])
        guard request.isFromOurOwnPage else {
            return ConsoleFrame.response(
                SignInView.page(
                    next: next, trouble: "That form did not come from this site. Please use this one.", status: .forbidden),
                for: nil, to: request)
        }
        let token = (form["api-token"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        do {
            _ = try await Visitor(token: token, tokens: tokens, at: time.now())
            var response = Response.redirect(to: next, type: .normal)
            response.setCookie(Visitor.signingIn(with: token, over: request))
            return response
        } catch let problem as Problem {
            return ConsoleFrame.response(
                SignInView.page(next: next, trouble: problem.detail, status: problem.status), for: nil, to: request)
        }
    }

    private func signOut(_ request: Request, context: WebContext) async throws -> Response {
        let visitor = try await visitorOrNil(request)
        let form = try await fields(of: request)
        if let visitor, !(request.isFromOurOwnPage && visitor.owns(formToken: form["token"] ?? "")) {
            return refusedForm(visitor, request)
        }
        var response = Response.redirect(to: ConsoleLink.signIn, type: .normal)
        response.setCookie(Visitor.signingOut(of: request))
        return response
    }

    private func visitorOrNil(_ request: Request) async throws -> Visitor? {
        do {
            return try await Visitor(request, tokens: tokens, at: time.now())
        } catch is Problem {
            return nil
        }
    }

    // MARK: - What every page and action goes through

    /// Serves a page to someone who has signed in, and the door to anyone else.
    func page(
        _ request: Request, _ make: (Visitor) async throws -> Response
    ) async throws -> Response {
        let visitor: Visitor
        do {
            guard let someone = try await Visitor(request, tokens: tokens, at: time.now()) else {
                return door(request, trouble: nil)
            }
            visitor = someone
        } catch let problem as Problem {
            var response = door(request, trouble: "Please sign in again. \(problem.detail)")
            response.setCookie(Visitor.signingOut(of: request))
            return response
        }
        do {
            return try await make(visitor)
        } catch let missing as HTTPError where missing.status == .notFound {
            return ConsoleFrame.response(NoticeView.notFound, for: visitor, to: request)
        } catch let problem as Problem {
            let page =
                problem.status == .notFound
                ? NoticeView.notFound : NoticeView.page(problem.title, problem.detail, status: problem.status)
            return ConsoleFrame.response(page, for: visitor, to: request)
        } catch {
            logger.error("a console page failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            return ConsoleFrame.response(
                NoticeView.page(
                    "This page cannot be shown just now",
                    "The history could not be read. It is in the log; please try again in a moment.",
                    status: .internalServerError),
                for: visitor, to: request)
        }
    }

    /// Lets a form through that one of our own pages sent for this visitor, who may send.
    func action(
        _ request: Request, _ make: @escaping (Visitor, _ form: [String: String]) async throws -> Response
    ) async throws -> Response {
        try await page(request) { visitor in
            let form = try await fields(of: request)
            guard request.isFromOurOwnPage, visitor.owns(formToken: form["token"] ?? "") else {
                return refusedForm(visitor, request)
            }
            guard visitor.principal.scopes.contains(.send) else {
                throw Problem(
                    .forbidden, "Your token may only read",
                    detail: "To cancel or decide, sign in with a token that has the scope send. Nothing was changed.")
            }
            return try await make(visitor, form)
        }
    }

    private func door(_ request: Request, trouble: String?) -> Response {
        let next = request.method == .get ? SignInView.safe(next: request.uri.description) : ConsoleLink.overview
        return ConsoleFrame.response(SignInView.page(next: next, trouble: trouble), for: nil, to: request)
    }

    private func refusedForm(_ visitor: Visitor, _ request: Request) -> Response {
        ConsoleFrame.response(
            NoticeView.page(
                "That form is not one of ours",
                "It came from another site, or from before you signed in. Nothing was changed. Go back, reload the page and try again.",
                status: .forbidden),
            for: visitor, to: request)
    }

    /// The fields of a form, at most 16 KiB.
    private func fields(of request: Request) async throws -> [String: String] {
        do {
            return FormFields.read(String(buffer: try await request.body.collect(upTo: 16 * 1024)))
        } catch is NIOTooManyBytesError {
            throw Problem(
                .contentTooLarge, "That form is too large", detail: "A form of ours has at most 16 KiB. Nothing was changed.")
        }
    }
}

/// Fields as HTML forms send them, in a body or behind the question mark (`application/x-www-form-urlencoded`).
enum FormFields {
    /// The last of those with the same name counts; what cannot be read is left out.
    static func read(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let name = decoded(parts[0]), let value = decoded(parts[1]) else { continue }
            fields[name] = value
        }
        return fields
    }

    private static func decoded(_ text: Substring) -> String? { text.replacing("+", with: " ").removingPercentEncoding }
}

extension Request {
    /// The fields behind the question mark.
    var query: [String: String] { FormFields.read(uri.query ?? "") }
}
