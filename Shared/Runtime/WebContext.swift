import HTTPTypes
package import Hummingbird

/// The request context of our HTTP interfaces.
package struct WebContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// Set by `Authentication`; `nil` on routes without it.
    package var principal: Principal?
    /// The request was `HEAD` and reaches a route for `GET`: whatever it answers, the body stays here.
    package var isHead = false

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
    }

    /// Whoever asks, once it is sure that they may do this.
    /// - Throws: ``Problem`` 401 without a token, 403 without the scope.
    package func require(_ scope: Principal.Scope) throws -> Principal {
        guard let principal else { throw Authentication.missing }
        guard principal.scopes.contains(scope) else {
            let held = principal.scopes.map(\.rawValue).sorted().joined(separator: ", ")
            throw Problem(
                .forbidden, "Not allowed",
                detail: "This needs a token with the scope \(scope.rawValue); yours has \(held.isEmpty ? "none" : held).",
                headers: [
                    .wwwAuthenticate: "Bearer realm=\"waybill\", error=\"insufficient_scope\", scope=\"\(scope.rawValue)\""
                ])
        }
        return principal
    }
}
