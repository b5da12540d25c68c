import Mail
import Runtime

/// What will go out by itself, and what lately did.
enum ReminderListView {
    static func page(_ reminders: [ReminderRow], now: Timestamp) -> ConsolePage {
        let coming = reminders.filter { $0.state == .planned }
        let past = Array(reminders.filter { $0.state != .planned }.reversed())
        let ahead: HTML =
            coming.isEmpty
            ? """
            <div class="empty"><h2>Nothing is planned</h2><p>Put a collection with an expiry date and reminders into the reminder service \
            (<code>PUT /v1/collections/…</code>), and every reminder that will go out stands here with its time.</p></div>
            """
            : table(coming, now: now, namesCollection: true)
        let behind: HTML? =
            past.isEmpty
            ? nil
            : "<div data-live=\"past\"><h2>Lately</h2><div class=\"card below\">\(table(past, now: now, namesCollection: true))</div></div>"
        return ConsolePage(
            title: "Reminders", section: .reminders,
            content: """
                <h1>Reminders</h1>
                <div data-live="coming"><h2>Will go out</h2><div class="card below">\(ahead)</div></div>
                \(behind)
                """,
            isLive: true)
    }

    static func table(_ reminders: [ReminderRow], now: Timestamp, namesCollection: Bool) -> HTML {
        let rows: [HTML] = reminders.map { reminder in
            let about: HTML? =
                namesCollection
                ? "<td class=\"subject\"><a class=\"row\" href=\"\(ConsoleLink.collection(reminder.collection))\">\(HTML.foreign(reminder.collection))</a></td>"
                : nil
            let mailings: [HTML] = reminder.mailings.prefix(3).enumerated().map { number, mailing in
                "<a href=\"\(ConsoleLink.email(mailing))\">\(number == 0 ? "See the email" : "\(number + 1)")</a> "
            }
            let detail: HTML? = reminder.detail.map { "<span class=\"soft\" title=\"\($0)\"><bdi>\($0)</bdi></span>" }
            return """
                <tr id="m\(reminder.id)"><td class="state"><span class="status">\(reminder.state.tone.icon)<span>\(reminder.state.word)</span></span></td>\
                <td class="when-due">\(Moment.spoken(reminder.dueAt))</td>\(about)\
                <td class="who-to">\(Figure.count(reminder.daysBefore, "day", "days")) before <bdi>\(reminder.expiresOn)</bdi></td>\
                <td class="viewed">\(mailings)\(detail)</td></tr>

                """
        }
        let about: HTML? = namesCollection ? "<th>Collection</th>" : nil
        return """
            <table class="list"><thead><tr><th class="s-status">Status</th><th class="s-due">When</th>\(about)<th class="s-who">Because</th>\
            <th>Email</th></tr></thead><tbody>\(rows)</tbody></table>
            """
    }
}

extension ReminderRow.State {
    var tone: Tone {
        switch self {
        case .planned: .waiting
        case .issued: .arrived
        case .skipped, .withdrawn: .withheld
        }
    }

    var word: String {
        switch self {
        case .planned: "Planned"
        case .issued: "Issued"
        case .skipped: "Skipped"
        case .withdrawn: "Withdrawn"
        }
    }
}
