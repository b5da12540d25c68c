import Foundation

/// The mail that is measured: mailings of a merge field, a few links and a body of the size asked for.
struct Workload {
    /// The address of the n-th recipient.
    static func address(_ number: Int, domains: Int) -> String { "guest\(number)@d\(number % domains).example.net" }

    /// - Parameters:
    ///   - size: About the bytes of one message on the wire.
    ///   - recipients: Addresses, at most 150.
    static func mailing(size: Int, recipients: [String]) throws -> Data {
        // Headers and the tracking of links take about 1,800 bytes.
        let body = max(256, size - 1800)
        let paragraph = "Hello {{name}}, the pictures of your day are ready and wait for you in the gallery.\n"
        let text = String(repeating: paragraph, count: max(1, body / 4 / paragraph.utf8.count))
        let line = "<p style=\"margin:0 0 1em\">The pictures of your day are ready and wait for you in the gallery.</p>\n"
        let html = """
            <!doctype html><html><head><meta charset="utf-8"><title>Your pictures</title></head><body><h1>Hello {{name}}</h1>
            <p><a href="https://example.com/gallery?id=1&amp;view=all">The gallery</a></p>
            \(String(repeating: line, count: max(1, body * 3 / 4 / line.utf8.count - 3)))
            <p><a href="https://example.com/album">The album</a> <a href="https://example.com/help">Help</a></p></body></html>
            """
        return try JSONSerialization.data(withJSONObject: [
            "kind": "campaign", "name": "Benchmark", "subject": "Your pictures, {{name}}",
            "from": ["address": "studio@example.com", "name": "Studio"], "html": html, "text": text,
            "recipients": recipients.map { ["address": $0, "name": "Guest", "variables": ["name": "Guest"]] as [String: Any] },
        ])
    }

    /// As many mailings as `mails` need, 150 recipients each.
    static func mailings(of mails: Int, size: Int, domains: Int) throws -> [Data] {
        try stride(from: 0, to: mails, by: 150).map { first in
            try mailing(size: size, recipients: (first..<min(mails, first + 150)).map { address($0, domains: domains) })
        }
    }
}
