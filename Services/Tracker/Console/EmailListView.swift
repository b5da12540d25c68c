import Mail
import Runtime

/// What became of my emails: one dense line for each mailing.
enum EmailListView {
    static func page(
        _ page: Page<EmailRow>, query: SearchQuery, window: CivilDate?, cursor: String?, now: Timestamp
    ) -> ConsolePage {
        let list: HTML =
            page.items.isEmpty ? empty(query, window: window, cursor: cursor) : table(page.items, now: now)
        return ConsolePage(
            title: "Emails", section: .emails,
            content: """
                <div class="title"><h1>Emails</h1><a class="button" href="\(ConsoleLink.csv(query))" download>Download CSV</a></div>
                <div>\(search(query))\(chips(query))</div>
                <div class="card" data-live="list">\(list)\(pager(page, query: query, cursor: cursor, window: window))</div>
                """,
            isLive: true)
    }

    private static func search(_ query: SearchQuery) -> HTML {
        let problems: [HTML] = query.problems.map { "<p class=\"problem\" role=\"alert\">\($0)</p>" }
        return """
            <form class="search" role="search" action="\(ConsoleLink.emails)"><input type="search" name="q" value="\(query.text)" \
            aria-label="Search emails" placeholder="Search: ann@, gallery, in:&quot;Smith wedding&quot;, status:bounced, before:2026-11-01" \
            maxlength="\(SearchQuery.longest)" dir="auto"><button>Search</button></form>\(problems)
            """
    }

    private static let offered: [(EmailStatus, String, Tone?)] = [
        (.state(.bounced), "Bounced", .failed), (.state(.failed), "Failed", .failed), (.state(.uncertain), "Uncertain", .trying),
        (.state(.deferred), "Deferred", .trying), (.state(.pending), "Pending", .waiting),
        (.state(.delivered), "Delivered", .arrived),
        (.read, "Read", nil), (.unread, "Unread", nil), (.clicked, "Clicked", nil),
        (.unsubscribed, "Unsubscribed", nil),
    ]

    private static func chips(_ query: SearchQuery) -> HTML {
        func chip(_ status: EmailStatus?, _ word: String, _ tone: Tone?) -> HTML {
            let chosen = query.status == status
            let current: HTML = chosen ? " aria-current=\"true\"" : ""
            let target = ConsoleLink.emails(query.with(status: chosen ? nil : status))
            return "<a href=\"\(target)\"\(current)>\(tone?.icon)\(word)</a>"
        }
        var all = [chip(nil, "All", nil)]
        if let status = query.status, !offered.contains(where: { $0.0 == status }) {
            all.append(chip(status, status.rawValue.prefix(1).uppercased() + status.rawValue.dropFirst(), nil))
        }
        all += offered.map { chip($0.0, $0.1, $0.2) }
        return "<nav class=\"chips\" aria-label=\"Status\">\(all)</nav>"
    }

    /// Mailings a page: light even where every name is long.
    static let rowsPerPage = 40

    /// The table alone, as other pages show it too.
    static func table(_ rows: [EmailRow], now: Timestamp) -> HTML {
        """
        <table class="list"><thead><tr><th class="s-status">Status</th><th class="s-who">To</th><th>Subject</th><th class="s-kind">Kind</th>\
        <th class="s-in">Collection</th><th class="s-viewed">Viewed</th><th class="s-when num">Accepted</th></tr></thead>
        <tbody>\(rows.map { row($0, now: now) })</tbody></table>
        """
    }

    private static func row(_ row: EmailRow, now: Timestamp) -> HTML {
        let collection: HTML? = row.collection.map {
            "<a href=\"\(ConsoleLink.collection($0))\">\(HTML.foreign($0))</a>"
        }
        return """
            <tr id="m\(row.id)"><td class="state">\(EmailSummary.status(of: row, now: now))</td>\
            <td class="who-to">\(EmailSummary.recipients(of: row))</td>\
            <td class="subject"><a class="row" href="\(ConsoleLink.email(row.id))" title="\(row.subject)">\
            \(HTML.foreign(row.subject.isEmpty ? "(no subject)" : row.subject))</a></td>\
            <td class="kind"><bdi>\(row.kind)</bdi></td><td class="in">\(collection)</td>\
            <td class="viewed">\(EmailSummary.viewed(row))</td><td class="when num">\(Moment.brief(row.acceptedAt, now: now))</td></tr>

            """
    }

    private static func pager(_ page: Page<EmailRow>, query: SearchQuery, cursor: String?, window: CivilDate?) -> HTML? {
        let first: HTML? = cursor.map { _ in "<a class=\"button\" href=\"\(ConsoleLink.emails(query))\">To the newest</a>" }
        let next: HTML? = page.next.map {
            "<a class=\"button\" rel=\"next\" href=\"\(ConsoleLink.emails(query, cursor: $0.description))\">Older emails</a>"
        }
        let older: HTML? =
            page.next == nil && !page.items.isEmpty
            ? window.map {
                "<span class=\"soft\">These are the last 90 days.</span> <a href=\"\(ConsoleLink.emails(query.with(before: $0)))\">Older emails</a>"
            } : nil
        guard first != nil || next != nil || older != nil else { return nil }
        return "<div class=\"pager\"><span>\(first)</span><span>\(older)\(next)</span></div>"
    }

    private static func empty(_ query: SearchQuery, window: CivilDate?, cursor: String?) -> HTML {
        if cursor != nil {
            return "<div class=\"empty\"><h2>Nothing older</h2><p>This is the end of the list.</p></div>"
        }
        if query.isEmpty {
            return """
                <div class="empty"><h2>No emails yet</h2><p>Every email that is accepted appears here at once, with what became of it for each \
                recipient. Send the first one through the scheduler’s interface:</p>
                <pre>curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
                  -d '{"kind": "invite", "subject": "Your photos", "from": {"address": "studio@example.com"},
                       "text": "Here they are.", "recipients": [{"address": "ann@example.net"}]}' \\
                  http://localhost:8082/v1/mailings</pre></div>
                """
        }
        let older: HTML? = window.map {
            " We looked through the last 90 days: <a href=\"\(ConsoleLink.emails(query.with(before: $0)))\">look further back</a>."
        }
        return """
            <div class="empty"><h2>No emails match</h2><p>Nothing fits <q>\(query.text)</q>.\(older) Or \
            <a href="\(ConsoleLink.emails)">see all emails</a>.</p></div>
            """
    }
}
