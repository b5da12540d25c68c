import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Runtime

/// One page: what it is called, where it stands, and what is on it.
struct ConsolePage: Sendable {
    enum Section: Sendable {
        case overview, emails, collections, reminders
    }

    var title: String
    var section: Section?
    var content: HTML
    var status: HTTPResponse.Status = .ok
    /// Whether the page shows news as they come.
    var isLive = false
}

/// What stands around every page, and the headers that go with it.
enum ConsoleFrame {
    /// Nothing but our own style, script, pictures and frames; no inline script; nobody may frame us.
    static let policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    /// Headers of all that is not an asset. `same-origin` tells no other site anything; `no-referrer` would make browsers send
    /// `Origin: null` with our own forms.
    static func headers(type: String, policy: String = policy) -> HTTPFields {
        var fields: HTTPFields = [
            .contentType: type, .cacheControl: "no-store", .contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff",
        ]
        for (name, value) in [
            ("Referrer-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"), ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
        ] {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }

    static func response(_ page: ConsolePage, for visitor: Visitor?, to request: Request) -> Response {
        let version = page.content.fingerprint
        if page.isLive, request.headers[.ifNoneMatch] == "\"\(version)\"" {
            return Response(status: .notModified, headers: headers(type: "text/html; charset=utf-8"))
        }
        let html = markup(of: page, version: page.isLive ? version : nil, for: visitor)
        return Response(
            status: page.status, headers: headers(type: "text/html; charset=utf-8"),
            body: .init(byteBuffer: ByteBuffer(string: html.markup)))
    }

    private static func markup(of page: ConsolePage, version: String?, for visitor: Visitor?) -> HTML {
        let version: HTML? = version.map { " data-version=\"\($0)\"" }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(page.title) · Waybill</title>
            <meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
            <link rel="stylesheet" href="\(ConsoleAsset.style.path)"><link rel="icon" type="image/svg+xml" href="\(ConsoleAsset.mark.path)">
            <script src="\(ConsoleAsset.script.path)" defer></script></head>
            <body>\(Tone.sprite)\(visitor.map { top(page.section, for: $0) })
            <main id="main"\(version)>\(page.content)</main>
            \(visitor == nil ? "" : footer)</body></html>
            """
    }

    private static let footer: HTML = "<footer><span data-zone>Times are in UTC.</span></footer>"

    /// The name of the product, with a sheet that has been stamped.
    static let mark: HTML = """
        <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round" \
        aria-hidden="true"><path d="M4 2.5h8.5L16 6v11.5H4z"/><path d="M7 9h6M7 12h6"/><circle cx="14.5" cy="15.5" r="2.75" \
        fill="currentColor" stroke="none"/></svg>Waybill
        """

    private static func top(_ section: ConsolePage.Section?, for visitor: Visitor) -> HTML {
        let entries: [(ConsolePage.Section, String, String)] = [
            (.overview, "Overview", ConsoleLink.overview), (.emails, "Emails", ConsoleLink.emails),
            (.collections, "Collections", ConsoleLink.collections), (.reminders, "Reminders", ConsoleLink.reminders),
        ]
        let links: [HTML] = entries.map { entry, word, path in
            let current: HTML = entry == section ? " aria-current=\"page\"" : ""
            return "<a href=\"\(path)\"\(current)>\(word)</a>"
        }
        return """
            <a class="skip" href="#main">Skip to the content</a>
            <header class="top"><div><a class="mark" href="\(ConsoleLink.overview)">\(mark)</a>
            <nav aria-label="Pages">\(links)</nav>
            <form class="who" method="post" action="\(ConsoleLink.signOut)">\(formToken(of: visitor))\
            <bdi title="\(visitor.principal.subject)">\(visitor.principal.organization)</bdi><button class="plain">Sign out</button></form>
            </div></header>
            """
    }

    /// The field that every form carries.
    static func formToken(of visitor: Visitor) -> HTML {
        "<input type=\"hidden\" name=\"token\" value=\"\(visitor.formToken)\">"
    }
}

extension HTML {
    /// Changes whenever the markup does.
    fileprivate var fingerprint: String {
        SHA256.hash(data: Data(markup.utf8)).prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
