import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Runtime

/// The pages behind an unsubscribe link: plain, without scripts, and with one button each.
///
/// They name neither the person nor the sender: the link carries no address, and whoever opens it knows whose mail they held.
enum UnsubscribePage: CaseIterable {
    /// Asks; nothing has changed.
    case question
    case unsubscribed
    case resubscribed
    /// The link is none of ours.
    case unknown
    /// What was sent says neither.
    case unclear
    case tooOften
    case unavailable

    var response: Response {
        var fields: HTTPFields = [
            .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: Self.policy,
            .cacheControl: "no-store, private, max-age=0", .xContentTypeOptions: "nosniff",
        ]
        // The address of the page is as good as the button on it.
        if let referrer = HTTPField.Name("Referrer-Policy") { fields[referrer] = "no-referrer" }
        if let robots = HTTPField.Name("X-Robots-Tag") { fields[robots] = "noindex, nofollow" }
        if self == .unavailable { fields[.retryAfter] = "60" }
        return Response(status: status, headers: fields, body: .init(byteBuffer: ByteBuffer(string: markup.markup)))
    }

    private var status: HTTPResponse.Status {
        switch self {
        case .question, .unsubscribed, .resubscribed: .ok
        case .unknown: .notFound
        case .unclear: .badRequest
        case .tooOften: .tooManyRequests
        case .unavailable: .serviceUnavailable
        }
    }

    /// What a form's field `choice` says.
    enum Choice: String {
        case unsubscribe, resubscribe

        fileprivate var word: HTML {
            switch self {
            case .unsubscribe: "Unsubscribe"
            case .resubscribe: "Subscribe again"
            }
        }
    }

    private var heading: HTML {
        switch self {
        case .question: "Unsubscribe?"
        case .unsubscribed: "You are unsubscribed"
        case .resubscribed: "You are subscribed again"
        case .unknown: "This link does not work"
        case .unclear: "Unsubscribe?"
        case .tooOften: "That was a lot of changes"
        case .unavailable: "That did not work just now"
        }
    }

    private var text: HTML {
        switch self {
        case .question, .unclear:
            "This sender would then send you no more news and announcements. Messages meant for you alone may still come."
        case .unsubscribed:
            "This sender will send you no more news and announcements. One that is on its way already may still arrive. Changed your mind?"
        case .resubscribed: "You will get this sender’s news and announcements as before."
        case .unknown:
            "It is not complete, or it did not come from us. Go back to the email and follow the link there, or ask whoever sent it."
        case .tooOften: "Nothing was changed this time. Come back tomorrow, or write to whoever sent you the email."
        case .unavailable: "Nothing was changed. Please try again in a minute."
        }
    }

    private var button: Choice? {
        switch self {
        case .question, .unclear, .resubscribed, .unavailable: .unsubscribe
        case .unsubscribed: .resubscribe
        case .unknown, .tooOften: nil
        }
    }

    private var markup: HTML {
        let form: HTML? = button.map { choice in
            """
            <form method="post"><button name="choice" value="\(choice.rawValue)">\(choice.word)</button></form>
            """
        }
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><title>\(heading)</title><style>\(Self.style)</style></head>
            <body><main><h1>\(heading)</h1><p>\(text)</p>\(form)</main></body></html>
            """
    }

    private static let style: HTML = """
        body{margin:0;font:16px/1.5 system-ui,sans-serif;color:#1c1f26;background:#f7f7f8}\
        main{max-width:28rem;margin:12vh auto 0;padding:24px}\
        h1{font-size:20px;line-height:1.3;margin:0 0 8px}p{margin:0 0 20px}\
        button{font:inherit;font-weight:600;min-height:44px;padding:0 20px;border:1px solid #3d55c4;border-radius:8px;background:#3d55c4;color:#fff;cursor:pointer}\
        button:focus-visible{outline:3px solid #9aa9ee;outline-offset:2px}\
        @media (prefers-color-scheme:dark){body{color:#e7e8ec;background:#16181d}button{background:#4a60c8;border-color:#4a60c8}}
        """

    /// Only our own style, by its hash; forms only to where they came from.
    private static let policy: String = {
        let hash = Data(SHA256.hash(data: Data(style.markup.utf8))).base64EncodedString()
        return "default-src 'none'; style-src 'sha256-\(hash)'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    }()
}
