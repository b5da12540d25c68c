import HTTPTypes
import Hummingbird
import NIOCore
import Runtime

/// The letter itself, for a sandboxed frame: no scripts, no forms, nothing from elsewhere.
///
/// What stands here is the letter before our pixel and links went into it, so looking at it never counts as reading it.
enum LetterView {
    /// - Parameter images: Whether pictures may be fetched from where the letter names them: a reader's decision, made with a click.
    static func response(_ letter: EmailBody, images: Bool) -> Response {
        let pictures = images ? "img-src data: https: http:" : "img-src data:"
        let policy =
            "default-src 'none'; style-src 'unsafe-inline'; \(pictures); form-action 'none'; base-uri 'none'; sandbox; frame-ancestors 'self'"
        var headers = ConsoleFrame.headers(type: "text/html; charset=utf-8", policy: policy)
        // Whoever serves the pictures learns nothing of the page that they are shown on.
        if let name = HTTPField.Name("Referrer-Policy") { headers[name] = "no-referrer" }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: markup(of: letter))))
    }

    private static func markup(of letter: EmailBody) -> String {
        if let html = letter.html { return html + stillLinks }
        let text: HTML = """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><title>Email</title><style>
            body{margin:16px;font:14px/20px system-ui,sans-serif}pre{margin:0;font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}
            </style></head><body><pre dir="auto">\(letter.text ?? "This email has no text.")</pre></body></html>
            """
        return text.markup
    }

    /// Behind the letter's own end: its links lead nowhere from here, so that looking is never following.
    private static let stillLinks = "\n<style>a,area{pointer-events:none!important}</style>"
}
