import Mail
import Runtime

/// The things that mail is about.
enum CollectionListView {
    static func page(_ page: Page<CollectionRow>, cursor: String?, now: Timestamp) -> ConsolePage {
        let rows: [HTML] = page.items.map { row in
            let expires: HTML? = row.expiresOn.map { "<bdi>\($0)</bdi>" }
            let planned: HTML? = row.planned > 0 ? "\(Figure.count(row.planned, "reminder", "reminders"))" : nil
            return """
                <tr id="c\(row.id)"><td class="subject"><a class="row" href="\(ConsoleLink.collection(row.id))" title="\(row.id)">\
                \(HTML.foreign(row.id))</a></td>\
                <td class="num who-to">\(Figure.count(row.mailings, "email", "emails"))</td>\
                <td class="num kind">\(Figure.count(row.recipients, "recipient", "recipients"))</td>\
                <td class="state">\(planned)</td><td class="in">\(expires)</td>\
                <td class="when num">\(row.lastMailingAt.map { Moment.brief($0, now: now) })</td></tr>

                """
        }
        let next: HTML? = page.next.map {
            "<div class=\"pager\"><span></span><a class=\"button\" href=\"\(ConsoleLink.collections)?cursor=\($0.description)\">More collections</a></div>"
        }
        let list: HTML =
            page.items.isEmpty
            ? """
            <div class="empty"><h2>\(cursor == nil ? "No collections yet" : "No more collections")</h2><p>A collection is what emails are about: a \
            gallery, an event, a client’s file. Name one when you send an email, or put one that expires into the reminder service, and its history gathers here.</p></div>
            """
            : """
            <table class="list"><thead><tr><th>Collection</th><th class="s-kind num">Emails</th><th class="s-viewed num kind">Sent to</th>\
            <th class="s-viewed">Still planned</th><th class="s-in">Expires</th><th class="s-when num">Last email</th></tr></thead>
            <tbody>\(rows)</tbody></table>\(next)
            """
        return ConsolePage(
            title: "Collections", section: .collections,
            content: "<h1>Collections</h1><div class=\"card\" data-live=\"list\">\(list)</div>", isLive: true)
    }
}

/// One collection's own history: its emails, and the reminders that went out or will.
enum CollectionView {
    static func page(
        _ id: String, emails: Page<EmailRow>, reminders: [ReminderRow], cursor: String?, now: Timestamp
    ) -> ConsolePage {
        let expires: HTML? = reminders.map(\.expiresOn).max().map {
            "<p class=\"facts\"><span>expires on <bdi>\($0)</bdi></span></p>"
        }
        let upcoming: HTML? =
            reminders.isEmpty
            ? nil
            : "<div data-live=\"reminders\"><h2>Reminders</h2><div class=\"card below\">\(ReminderListView.table(reminders, now: now, namesCollection: false))</div></div>"
        let next: HTML? = emails.next.map {
            "<a class=\"button\" href=\"\(ConsoleLink.collection(id, cursor: $0.description))\">Older emails</a>"
        }
        let first: HTML? = cursor.map { _ in "<a class=\"button\" href=\"\(ConsoleLink.collection(id))\">To the newest</a>" }
        let pager: HTML? =
            next == nil && first == nil ? nil : "<div class=\"pager\"><span>\(first)</span><span>\(next)</span></div>"
        var query = SearchQuery()
        query.collection = id
        let list: HTML =
            emails.items.isEmpty
            ? "<div class=\"empty\"><h2>No emails about it yet</h2><p>Emails that name this collection appear here, reminders too.</p></div>"
            : EmailListView.table(emails.items, now: now)
        return ConsolePage(
            title: id, section: .collections,
            content: """
                <div><p class="small"><a href="\(ConsoleLink.collections)">Collections</a></p><div class="title"><h1>\(HTML.foreign(id))</h1>\
                <a class="button" href="\(ConsoleLink.emails(query))">Search in it</a>\
                <a class="button" href="\(ConsoleLink.csv(query))" download>Download CSV</a></div>\(expires)</div>
                \(upcoming)
                <div data-live="list"><h2>Emails</h2><div class="card below">\(list)\(pager)</div></div>
                """,
            isLive: true)
    }
}
