import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Mail
import Runtime

/// Someone who has signed in: the API token in their cookie, verified again at every request.
struct Visitor: Sendable {
    let principal: Principal
    /// Goes with every form: only a page that we rendered for this very sign-in can know it.
    let formToken: String

    static let cookie = "waybill-session"

    /// Reads the request's cookie.
    /// - Returns: `nil` without a cookie.
    /// - Throws: ``Problem`` where the token is not, or no longer, good for reading.
    init?(_ request: Request, tokens: APITokens, at now: Timestamp) async throws {
        guard let token = request.cookies[Self.cookie]?.value, !token.isEmpty else { return nil }
        self = try await Visitor(token: token, tokens: tokens, at: now)
    }

    init(token: String, tokens: APITokens, at now: Timestamp) async throws {
        principal = try await tokens.verify(token, at: now)
        guard principal.scopes.contains(.read) else {
            throw Problem(
                .forbidden, "This token cannot read",
                detail: "The token is good, but it may not read the history. Use one with the scope read.")
        }
        // Keyed with the token itself: nobody who does not hold the cookie can make it, and signing in anew changes it.
        let code = HMAC<SHA256>.authenticationCode(for: Data("console form".utf8), using: SymmetricKey(data: Data(token.utf8)))
        formToken = Data(code).base64EncodedString()
    }

    /// Whether `text` is this visitor's form token; takes the same time whatever it is.
    func owns(formToken text: String) -> Bool {
        let (mine, given) = (Array(formToken.utf8), Array(text.utf8))
        return mine.count == given.count && zip(mine, given).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// The cookie that signs someone in, for as long as the browser runs and the token is good.
    static func signingIn(with token: String, over request: Request) -> Cookie {
        Cookie(
            name: cookie, value: token, path: "/", secure: request.cameEncrypted, httpOnly: true, sameSite: .strict)
    }

    static func signingOut(of request: Request) -> Cookie {
        Cookie(name: cookie, value: "", maxAge: 0, path: "/", secure: request.cameEncrypted, httpOnly: true, sameSite: .strict)
    }
}

extension Request {
    /// Whether a form was sent from one of our own pages, as far as the browser says.
    ///
    /// Browsers say `Sec-Fetch-Site` on secure origins and `Origin` with every form; neither can be set by a page.
    var isFromOurOwnPage: Bool {
        if let site = HTTPField.Name("Sec-Fetch-Site").flatMap({ headers[$0] }) { return site == "same-origin" }
        guard let origin = headers[.origin], let scheme = origin.range(of: "://"), let host = head.authority else { return false }
        return origin[scheme.upperBound...].lowercased() == host.lowercased()
    }

    /// Whether a proxy in front of us says that the browser spoke TLS to it.
    fileprivate var cameEncrypted: Bool {
        HTTPField.Name("X-Forwarded-Proto").flatMap { headers[$0] } == "https"
    }
}
