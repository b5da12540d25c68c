import Foundation
import MIME
import Mail
import Runtime

/// The inbox's pages.
enum InboxPages {
    enum View: String {
        case html, text, source
    }

    static func list(_ entries: [InboxIndex.Entry], total: Int, to: String, next: String?, isInUse: Bool) -> HTML {
        let rows = entries.map { entry -> HTML in
            """
            <li><a class="row" href="/messages/\(entry.id)">
            <span class="who" dir="auto">\(entry.recipient)</span>
            <span class="subject" dir="auto">\(title(entry.subject))</span>
            <span class="from" dir="auto">\(entry.from)</span>
            <time datetime="\(entry.at.description)">\(moment(entry.at))</time>
            </a></li>

            """
        }
        let notice: HTML? =
            isInUse
            ? nil
            : """
            <p class="notice">This sender delivers to a mail server (<code>WAYBILL_TRANSPORT</code>), so nothing new arrives here.</p>

            """
        let results: HTML =
            if entries.isEmpty {
                to.isEmpty
                    ? """
                    <p class="empty">No mail yet. Whatever is sent while <code>WAYBILL_TRANSPORT</code> is <code>sandbox</code> is kept here \
                    and goes nowhere else. Submit a mailing to see it.</p>
                    """
                    : "<p class=\"empty\">No mail to an address with “\(to)” in it. <a href=\"/\">Show all</a></p>"
            } else {
                """
                <div class="row head" aria-hidden="true"><span>To</span><span>Subject</span><span>From</span><span>Received</span></div>
                <ul class="list">
                \(rows)</ul>
                """
            }
        let more: HTML? = next.map { next -> HTML in
            "<p class=\"more\"><a class=\"button\" href=\"/?to=\(query(to))&amp;before=\(next)\">Older mail</a></p>"
        }
        return document(
            title: "Sandbox inbox",
            """
            <header class="top"><h1>Sandbox inbox</h1>
            <p class="hint">Mail as its recipients would see it. None of it has left this machine.</p></header>
            \(notice)<form class="search" role="search" method="get" action="/">
            <label for="to">Recipient</label>
            <input id="to" name="to" type="search" value="\(to)" autocomplete="off" placeholder="ann@example.net">
            <button class="button">Search</button>
            <span class="count">\(total == 1 ? "1 message" : "\(total) messages")</span>
            </form>
            \(results)
            \(more)
            \(isInUse ? personas : nil)
            """)
    }

    private static var personas: HTML {
        let rows = SandboxPersona.allCases.map { persona -> HTML in
            "<tr><th scope=\"row\"><code>\(persona.rawValue)@</code></th><td>\(persona.conduct)</td></tr>\n"
        }
        return """
            <details><summary>Recipients that behave like the world</summary>
            <p class="hint">In any domain, also with a tag, such as permfail+1@example.net. Everyone else takes their mail and does nothing.</p>
            <div class="wide"><table class="headers"><tbody>
            \(rows)</tbody></table></div></details>
            """
    }

    static func message(
        _ entry: InboxIndex.Entry, _ message: ReadMessage, view: View, showsImages: Bool, source: String?
    ) -> HTML {
        let path = "/messages/\(entry.id)"
        let tabs: [(View, String)] =
            (message.html == nil ? [] : [(.html, "Message")]) + [(.text, "Plain text"), (.source, "Source")]
        let tabLinks = tabs.map { tab, name -> HTML in
            tab == view
                ? "<a aria-current=\"page\" href=\"\(path)?view=\(tab.rawValue)\">\(name)</a>"
                : "<a href=\"\(path)?view=\(tab.rawValue)\">\(name)</a>"
        }
        let recipients = message.to.map { address in
            address.name.map { $0.isEmpty ? address.address : "\($0) <\(address.address)>" } ?? address.address
        }.joined(separator: ", ")
        let attachments = message.attachments.enumerated().map { number, attachment -> HTML in
            """
            <li><a href="\(path)/attachments/\(number)" download><bdi>\(attachment.name)</bdi></a> \
            <span class="hint">\(attachment.type), \(size(attachment.bytes.count))</span></li>
            """
        }
        let files: HTML? =
            attachments.isEmpty ? nil : "<ul class=\"files\" aria-label=\"Attachments\">\(attachments)</ul>"
        let fields = message.headers.map { header -> HTML in
            "<tr><th scope=\"row\">\(header.name)</th><td><bdi>\(header.value)</bdi></td></tr>\n"
        }
        let subject = title(message.subject)
        return document(
            title: subject,
            """
            <nav class="back"><a href="/">← Inbox</a></nav>
            <header class="top"><h1 dir="auto">\(subject)</h1></header>
            <dl class="facts">
            <dt>From</dt><dd dir="auto">\(entry.from)</dd>
            <dt>To</dt><dd dir="auto">\(recipients)</dd>
            <dt>Delivered to</dt><dd dir="auto">\(entry.recipient)</dd>
            <dt>Received</dt><dd><time datetime="\(entry.at.description)">\(moment(entry.at))</time></dd>
            </dl>
            \(files)
            <nav class="tabs" aria-label="Ways to see this message">\(tabLinks)</nav>
            \(content(message, path: path, view: view, showsImages: showsImages, source: source))
            <details><summary>All headers</summary><div class="wide"><table class="headers"><tbody>\(fields)</tbody></table></div></details>
            """)
    }

    private static func content(
        _ message: ReadMessage, path: String, view: View, showsImages: Bool, source: String?
    ) -> HTML {
        switch view {
        case .html:
            let bar: HTML =
                showsImages
                ? "<p class=\"bar\">Images are loaded, so the sender can know that this message was opened. <a href=\"\(path)\">Hide images</a></p>"
                : """
                <p class="bar">Images are not loaded. <a class="button" href="\(path)?images=1">Load images</a></p>
                """
            let address = showsImages ? "\(path)/body?images=1" : "\(path)/body"
            return """
                \(bar)
                <iframe class="body" title="The message" src="\(address)" sandbox="allow-popups allow-popups-to-escape-sandbox" \
                referrerpolicy="no-referrer"></iframe>
                """
        case .text:
            return message.text.map { "<pre class=\"text\" dir=\"auto\">\($0)</pre>" as HTML }
                ?? "<p class=\"empty\">This message has no plain text.</p>"
        case .source:
            return """
                <p class="bar"><a href="\(path)/raw">Open the source alone</a></p>
                <pre class="text source" tabindex="0">\(source ?? "")</pre>
                """
        }
    }

    private static func document(title: String, _ body: HTML) -> HTML {
        """
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark"><title>\(title) · Waybill</title>
        <link rel="stylesheet" href="/style.css"></head>
        <body><main>
        \(body)
        </main></body>
        </html>

        """
    }

    private static func title(_ subject: String) -> String { subject.isEmpty ? "(no subject)" : subject }

    /// To the second, in UTC.
    private static func moment(_ time: Timestamp) -> String {
        let text = time.description
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC"
    }

    private static func size(_ bytes: Int) -> String {
        switch bytes {
        case ..<1000: "\(bytes) bytes"
        case ..<1_000_000: "\((bytes + 500) / 1000) KB"
        default: "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB"
        }
    }

    /// For the value of a query parameter.
    private static func query(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}
