import Mail
import Runtime

/// Is anything wrong, and how is it going?
struct OverviewView {
    let overview: Overview
    let now: Timestamp

    func render() -> ConsolePage {
        let latest: HTML =
            overview.latest.isEmpty
            ? """
            <div class="empty"><h2>No emails yet</h2><p>As soon as the first one is accepted, this page shows what becomes of it. \
            <a href="\(ConsoleLink.emails)">How to send one</a></p></div>
            """
            : EmailListView.table(overview.latest, now: now)
                + "<div class=\"pager\"><span></span><a class=\"button\" href=\"\(ConsoleLink.emails)\">All emails</a></div>"
        return ConsolePage(
            title: "Overview", section: .overview,
            content: """
                <h1 class="unseen">Overview</h1>
                <div data-live="needs">\(needs)</div>
                <div class="card" data-live="figures">\(figures)</div>
                <div data-live="latest"><h2>Latest emails</h2><div class="card below">\(latest)</div></div>
                """,
            isLive: true)
    }

    // MARK: - What needs someone

    private var needs: HTML? {
        guard overview.failureCount > 0 || !overview.refusals.isEmpty else { return nil }
        let failures: [HTML] = grouped.map { group in
            let (first, delivery) = (group[0], group[0].delivery)
            let because =
                delivery.state == .uncertain
                ? "It may have arrived. Please decide." : delivery.reason?.sentence ?? delivery.state.meaning
            let who: HTML =
                group.count == 1
                ? HTML.foreign(delivery.address.isEmpty ? "(no address)" : delivery.address)
                : "\(Figure.count(group.count, "recipient", "recipients"))"
            let target =
                group.count == 1
                ? ConsoleLink.email(delivery.mailing, recipient: delivery.id)
                : ConsoleLink.email(delivery.mailing, show: delivery.state)
            return """
                <li>\(StoryView.status(of: delivery))<span><a href="\(target)">\(who)</a> of <q>\(HTML.foreign(first.subject.isEmpty ? "(no subject)" : first.subject))</q>\
                <br>\(because)</span>\(delivery.changedAt.map { Moment.brief($0, now: now) })</li>

                """
        }
        let refusals: [HTML] = overview.refusals.map { refusal in
            """
            <li><span class="status">\(Tone.failed.icon)<span>Refused</span></span><span>A mailing that another program submitted \
            was refused whole.<br>\(HTML.foreign(refusal.problems.joined(separator: " "))) <span class="soft small">\(refusal.mailing)</span></span>\
            \(Moment.brief(refusal.at, now: now))</li>

            """
        }
        let count = overview.failureCount + overview.refusals.count
        let more: HTML? =
            overview.failureCount > overview.failures.count
            ? """
            <div class="pager"><span class="soft">These are the newest of \(Figure.grouped(overview.failureCount)).</span><span>\
            <a href="\(ConsoleLink.emails(SearchQuery("status:bounced")))">Bounced</a> · \
            <a href="\(ConsoleLink.emails(SearchQuery("status:failed")))">Failed</a> · \
            <a href="\(ConsoleLink.emails(SearchQuery("status:uncertain")))">Uncertain</a></span></div>
            """ : nil
        return """
            <h2>\(Figure.count(count, "email needs", "emails need")) someone</h2>
            <div class="card needs below"><ul>\(failures)\(refusals)</ul>\(more)</div>
            """
    }

    /// Failures of one mailing that say the same are told once, where the newest of them stands.
    private var grouped: [[Overview.Failure]] {
        struct Kind: Hashable {
            let mailing: MailingID
            let state: DeliveryState
            let reason: DeliveryReason?
        }
        var places: [Kind: Int] = [:]
        var groups: [[Overview.Failure]] = []
        for failure in overview.failures {
            let kind = Kind(mailing: failure.delivery.mailing, state: failure.delivery.state, reason: failure.delivery.reason)
            if let place = places[kind] {
                groups[place].append(failure)
            } else {
                places[kind] = groups.count
                groups.append([failure])
            }
        }
        return groups
    }

    // MARK: - How it is going

    private struct Line {
        let word: String
        let tone: Tone?
        let value: @Sendable (Overview.Figures) -> Int
        /// What a share is a share of; `nil` where there is no share to speak of.
        let whole: (@Sendable (Overview.Figures) -> Int)?
    }

    @Sendable private static func recipients(_ figures: Overview.Figures) -> Int { figures.states.values.reduce(0, +) }
    @Sendable private static func delivered(_ figures: Overview.Figures) -> Int { figures.states[.delivered, default: 0] }

    private static let lines: [Line] = [
        Line(word: "Emails", tone: nil, value: { $0.mailings }, whole: nil),
        Line(word: "Recipients", tone: nil, value: recipients, whole: nil),
        Line(word: "Delivered", tone: .arrived, value: delivered, whole: recipients),
        Line(word: "Read", tone: nil, value: { $0.read }, whole: delivered),
        Line(word: "Clicked", tone: nil, value: { $0.clicked }, whole: delivered),
        Line(
            word: "On the way", tone: .moving,
            value: { figures in
                [DeliveryState.scheduled, .pending, .sending, .deferred, .uncertain].reduce(0) {
                    $0 + figures.states[$1, default: 0]
                }
            }, whole: nil),
        Line(
            word: "Bounced or failed", tone: .failed,
            value: { $0.states[.bounced, default: 0] + $0.states[.failed, default: 0] }, whole: recipients),
    ]

    private var figures: HTML {
        let heads: [HTML] = overview.periods.map {
            "<th class=\"num\" scope=\"col\">\($0.days == 1 ? "Today" : "\($0.days) days")</th>"
        }
        let rows: [HTML] = Self.lines.map { line in
            let cells: [HTML] = overview.periods.map { period in
                let value = line.value(period.figures)
                let share = line.whole.flatMap { value == 0 ? nil : Figure.share(value, of: $0(period.figures)) }
                return "<td class=\"num\"><b>\(Figure.grouped(value))</b><span class=\"share\">\(share ?? "")</span></td>"
            }
            let spark = Sparkline.svg(overview.days.suffix(30).map { line.value($0.figures) }, of: line.word)
            return "<tr><th scope=\"row\">\(line.tone?.icon)\(line.word)</th>\(cells)<td class=\"spark\">\(spark)</td></tr>\n"
        }
        return """
            <table class="sums"><thead><tr><th><span class="unseen">Figure</span></th>\(heads)<th class="spark">By day, 30 days</th></tr></thead>
            <tbody>\(rows)</tbody></table>
            """
    }
}

/// A row of bars, one for each day.
enum Sparkline {
    static func svg(_ values: [Int], of what: String) -> HTML {
        guard let peak = values.max(), peak > 0 else { return "<span class=\"soft small\">none</span>" }
        let bars: [HTML] = values.enumerated().compactMap { day, value in
            guard value > 0 else { return nil }
            let height = max(1, 24 * value / peak)
            return "<rect x=\"\(day * 5)\" y=\"\(24 - height)\" width=\"4\" height=\"\(height)\"/>"
        }
        return """
            <svg viewBox="0 0 \(values.count * 5) 24" width="\(values.count * 5)" height="24" role="img"><title>\(what) by day: at most \
            \(Figure.grouped(peak)), today \(Figure.grouped(values.last ?? 0))</title>\(bars)</svg>
            """
    }
}
