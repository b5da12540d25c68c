import Mail
import Runtime

/// What became of one email: the sum of its states, its recipients, the story of one of them, and the letter itself.
struct EmailView {
    let email: EmailDetail
    /// The recipient whose story is unfolded; the only one where there is only one.
    let story: DeliveryTimeline?
    /// The letter as the unfolded recipient got it, or as it was submitted.
    let letter: EmailBody?
    let visitor: Visitor
    let now: Timestamp
    var show: DeliveryState?
    var page = 1
    var images = false
    var asked: ConsoleLink.Asked?

    /// Recipients a page: keeps the page of a mailing to many light.
    static let recipientsPerPage = 50

    private var row: EmailRow { email.row }
    private var isToOne: Bool { email.deliveries.count == 1 }
    private var chosen: DeliveryID? { isToOne ? nil : story?.delivery.id }
    private var maySend: Bool { visitor.principal.scopes.contains(.send) }

    func render() -> ConsolePage {
        let subject = letter?.subject ?? row.subject
        return ConsolePage(
            title: subject.isEmpty ? "Email" : subject, section: .emails,
            content: """
                <div><p class="small"><a href="\(ConsoleLink.emails)">Emails</a></p>\
                <h1>\(HTML.foreign(subject.isEmpty ? "(no subject)" : subject))</h1>\(particulars)</div>
                \(isToOne ? one : several)
                \(links)
                \(letterCard)
                """,
            isLive: true)
    }

    /// A mailing to one: where it stands, and the whole story at once.
    private var one: HTML {
        guard let story else { return "" }
        let delivery = story.delivery
        let name: HTML? = delivery.name.map { " <span class=\"soft\"><bdi>\($0)</bdi></span>" }
        let viewed: HTML? = delivery.state == .delivered ? "<p class=\"verdict\">\(viewed(delivery))</p>" : nil
        return """
            <div data-live="sum">\(notice)<div class="card pad"><p>To <b>\(Self.address(of: delivery))</b>\(name)</p>\
            <div class="verdicts"><p class="verdict">\(StoryView.status(of: delivery))</p>\(viewed)\(StoryView.wish(of: delivery).map { "<p class=\"verdict\">\($0)</p>" })</div>\
            \(StoryView(story: story, visitor: visitor, now: now).render())</div></div>
            """
    }

    /// A mailing to several, or to nobody: sums first, then a line for each recipient.
    private var several: HTML {
        """
        <div data-live="sum">\(notice)<div class="card pad">\(StateBar.svg(row.states))\(legend)</div></div>
        <div class="card" data-live="figures"><dl class="figures">\(figures)</dl></div>
        \(cancelAll)
        <div class="card" data-live="recipients" id="recipients">\(recipients)</div>
        """
    }

    private var particulars: HTML {
        let collection: HTML? = row.collection.map {
            "<span>about <a href=\"\(ConsoleLink.collection($0))\">\(HTML.foreign($0))</a></span>"
        }
        let due: HTML? = row.sendAt.map { "<span>to be sent \(Moment.full($0))</span>" }
        let name: HTML? = row.name.isEmpty || row.name == row.subject ? nil : "<span>\(HTML.foreign(row.name))</span>"
        let sender = row.from.name.map { "\($0) <\(row.from.address)>" } ?? row.from.address.description
        return """
            <p class="facts">\(name)<span><bdi>\(row.kind)</bdi>\(email.audience == .mass ? ", to many" : "")</span>\(collection)\
            <span>from \(HTML.foreign(sender))</span><span>accepted \(Moment.full(row.acceptedAt))</span>\(due)</p>
            """
    }

    private var legend: HTML {
        StateBar.legend(
            row.states, link: { ConsoleLink.email(row.id, show: show == $0 ? nil : $0) + "#recipients" }, shown: show)
            + "<p class=\"soft small\">\(Figure.count(row.recipients, "recipient", "recipients")) in all, each in exactly one state.</p>"
    }

    // MARK: - Figures

    private var figures: HTML {
        guard row.isTracked else {
            return """
                <div><dt>Viewed</dt><dd>Untracked</dd><dd class="note">\(EmailSummary.untracked)</dd></div>\(clickFigure)
                """
        }
        let share: HTML? = Figure.share(row.read, of: row.states[.delivered, default: 0]).map { ", \($0) of those delivered" }
        return """
            <div><dt>Read by</dt><dd>\(Figure.grouped(row.read))</dd><dd class="note">of \(Figure.count(row.recipients, "recipient", "recipients"))\
            \(share)</dd></div>
            <div><dt title="\(EmailSummary.caveat)">Views</dt><dd>\(Figure.grouped(row.opens.people))</dd>\
            <dd class="note">\(machines(row.opens))</dd></div>\(clickFigure)
            """
    }

    private var clickFigure: HTML {
        """
        <div><dt>Clicks</dt><dd>\(Figure.grouped(row.clicks.people))</dd><dd class="note">\(machines(row.clicks))</dd></div>\(leavers)
        """
    }

    /// Only mail to many can be left.
    private var leavers: HTML? {
        guard email.audience == .mass else { return nil }
        return """
            <div><dt>Unsubscribed</dt><dd>\(Figure.grouped(row.unsubscribed))</dd><dd class="note">through this email</dd></div>
            """
    }

    private func machines(_ hits: Hits) -> HTML {
        hits.all > hits.people ? "and \(Figure.grouped(hits.all - hits.people)) by programs" : "by people"
    }

    // MARK: - Recipients

    private var recipients: HTML {
        let listed = email.deliveries.filter { show == nil || $0.state == show }
        let pages = max(1, (listed.count + Self.recipientsPerPage - 1) / Self.recipientsPerPage)
        let at = min(max(1, page), pages)
        let rows: [HTML] = listed.dropFirst((at - 1) * Self.recipientsPerPage).prefix(Self.recipientsPerPage).map { delivery in
            guard let story, story.delivery.id == delivery.id else { return line(delivery, isOpen: false) }
            return line(delivery, isOpen: true) + unfolded(story)
        }
        return """
            <table class="list people"><thead><tr><th class="s-person">Recipient</th><th class="s-status">Status</th><th class="s-in">Why</th><th class="s-viewed">Viewed</th>\
            <th class="s-clicks num">Clicks</th><th class="s-when num">Since</th></tr></thead><tbody>\(rows)</tbody></table>\(pager(at, of: pages))
            """
    }

    private func line(_ delivery: DeliveryRow, isOpen: Bool) -> HTML {
        let target = ConsoleLink.email(row.id, recipient: isOpen ? nil : delivery.id, show: show, page: page)
        let role: HTML? = delivery.role == .to ? nil : " <span class=\"soft small\">\(delivery.role == .cc ? "Cc" : "Bcc")</span>"
        let name: HTML? = delivery.name.map { " <span class=\"soft\"><bdi>\($0)</bdi></span>" }
        let who: HTML =
            "<a class=\"row\" href=\"\(target)\" aria-expanded=\"\(isOpen ? "true" : "false")\">\(Self.address(of: delivery))</a>"
        let why: HTML? = delivery.reason.map { "<span class=\"soft\" title=\"\($0.sentence)\">\($0.sentence)</span>" }
        let clicks: HTML? = delivery.clicks.people > 0 ? "\(Figure.grouped(delivery.clicks.people))" : nil
        let openClass: HTML? = isOpen ? " class=\"open\"" : nil
        return """
            <tr id="d\(delivery.id)"\(openClass)><td class="wide">\(who)\(name)\(role)</td>\
            <td class="state">\(StoryView.status(of: delivery))</td><td class="in">\(why)</td>\
            <td class="viewed">\(viewed(delivery)) \(StoryView.wish(of: delivery))</td><td class="num clicks">\(clicks)</td>\
            <td class="when num">\(delivery.changedAt.map { Moment.brief($0, now: now) })</td></tr>

            """
    }

    private static func address(of delivery: DeliveryRow) -> HTML {
        .foreign(delivery.address.isEmpty ? "(no address)" : delivery.address)
    }

    private func viewed(_ delivery: DeliveryRow) -> HTML {
        guard row.isTracked else { return "<span class=\"soft\">Untracked</span>" }
        if delivery.isRead {
            let views: HTML? =
                delivery.views.hits.people > 0 ? " · \(Figure.count(delivery.views.hits.people, "view", "views"))" : nil
            return "<span title=\"\(EmailSummary.caveat)\">\(Tone.arrived.icon)Read\(views)</span>"
        }
        switch delivery.state {
        case .delivered: return "<span class=\"soft\">Unread</span>"
        case .bounced, .failed: return "<span class=\"soft\">Failed</span>"
        case .scheduled, .pending, .sending, .deferred, .dropped, .cancelled, .uncertain: return ""
        }
    }

    private func unfolded(_ story: DeliveryTimeline) -> HTML {
        """
        <tr class="story" id="story"><td colspan="6">\(StoryView(story: story, visitor: visitor, now: now).render())</td></tr>

        """
    }

    private func pager(_ at: Int, of pages: Int) -> HTML? {
        guard pages > 1 else { return nil }
        func step(_ target: Int, _ word: String) -> HTML {
            "<a class=\"button\" href=\"\(ConsoleLink.email(row.id, show: show, page: target))#recipients\">\(word)</a>"
        }
        let back: HTML? = at > 1 ? step(at - 1, "Back") : nil
        let on: HTML? = at < pages ? step(at + 1, "Further") : nil
        return "<div class=\"pager\"><span>\(back)</span><span class=\"soft\">Page \(at) of \(pages)</span><span>\(on)</span></div>"
    }

    // MARK: - Actions

    private var cancellable: Int {
        [DeliveryState.scheduled, .pending, .deferred].reduce(0) { $0 + row.states[$1, default: 0] }
    }

    /// Only where there are several: a mailing to one is cancelled in the recipient's story.
    private var cancelAll: HTML? {
        guard cancellable > 0, maySend else { return nil }
        let left = row.recipients - cancellable
        let others: HTML? = left > 0 ? " The other \(Figure.grouped(left)) cannot be called back." : nil
        return """
            <div class="act" data-live="act"><details class="ask"><summary>Cancel sending…</summary>
            <form method="post" action="\(ConsoleLink.cancel(row.id))">\(ConsoleFrame.formToken(of: visitor))
            <p>\(Figure.count(cancellable, "recipient has", "recipients have")) not been sent to yet: they will not get this email.\(others)</p>
            <button class="grave">Cancel sending to \(Figure.count(cancellable, "recipient", "recipients"))</button></form></details></div>
            """
    }

    /// What became of what was just asked, told from the state as it is now.
    private var notice: HTML? {
        guard let asked else { return nil }
        let told: (tone: Tone, text: String)
        switch (asked, isToOne ? email.deliveries.first?.state : story?.delivery.state) {
        case (.cancel, .cancelled?): told = (.arrived, "Cancelled. Nothing was sent to this recipient.")
        case (.cancel, .scheduled?), (.cancel, .pending?), (.cancel, .deferred?):
            told = (
                .moving, "You have asked to cancel sending. As soon as the scheduler has withdrawn it, this page says Cancelled."
            )
        case (.cancel, .some(let state)):
            told = (.trying, "Too late to cancel: it is \(state.word.lowercased()).")
        case (.cancel, nil):
            let cancelled = Figure.grouped(row.states[.cancelled, default: 0])
            told =
                cancellable > 0
                ? (
                    .moving,
                    "You have asked to cancel sending. \(cancelled) cancelled so far, \(Figure.grouped(cancellable)) to go."
                )
                : (.arrived, "\(cancelled) cancelled. What had left before could not be called back.")
        case (_, .uncertain?):
            told = (.moving, "Your decision is on its way to the scheduler. This page changes when it has arrived.")
        case (_, .some(let state)): told = decided(state)
        case (_, nil): return nil
        }
        return "<p class=\"notice \(told.tone.rawValue)\" role=\"status\">\(told.text)</p>"
    }

    /// What was decided about an uncertain delivery, by whoever was first.
    private func decided(_ state: DeliveryState) -> (tone: Tone, text: String) {
        let decisions = (story?.entries ?? []).compactMap { entry -> DeliveryResolved? in
            guard case .deliveryResolved(let decision) = entry.fact.body else { return nil }
            return decision
        }
        guard let decision = decisions.last else {
            return (.arrived, "There was nothing left to decide: meanwhile it is \(state.word.lowercased()).")
        }
        let outcome =
            decision.delivered
            ? "it counts as delivered" : "it is being sent again. If the first one did arrive, the recipient gets it twice"
        if decision.by == visitor.principal.subject { return (.arrived, "Noted: \(outcome).") }
        return (.trying, "\(decision.by?.visible(upTo: 100) ?? "Someone") had decided already: \(outcome).")
    }

    // MARK: - Links and letter

    private var links: HTML? {
        guard !email.links.isEmpty else { return nil }
        let rows: [HTML] = email.links.prefix(20).map {
            "<tr><td><bdi>\($0.target)</bdi></td><td class=\"num\">\(Figure.grouped($0.clicks.people))</td><td class=\"num soft\">\(Figure.grouped($0.clicks.all))</td></tr>"
        }
        return """
            <div class="card"><table><thead><tr><th>Link</th><th class="num">Clicks by people</th><th class="num">All clicks</th></tr></thead>
            <tbody>\(rows)</tbody></table></div>
            """
    }

    private var letterCard: HTML? {
        guard let letter else { return nil }
        let whose: HTML =
            if let story, !isToOne {
                "as written to \(HTML.foreign(story.delivery.address))"
            } else if isToOne {
                ""
            } else {
                "as it was submitted; open a recipient above to see theirs"
            }
        let files: [HTML] = letter.attachments.map { "<span class=\"soft\"><bdi>\($0.name)</bdi> (\(Self.size($0.size)))</span>" }
        let offer: HTML? =
            letter.html == nil
            ? nil
            : images
                ? "<a class=\"button\" href=\"\(ConsoleLink.email(row.id, recipient: chosen, show: show, page: page))\">Hide images</a>"
                : """
                <a class="button" href="\(ConsoleLink.email(row.id, recipient: chosen, show: show, page: page, images: true))" \
                title="Asks the servers that the email names for its pictures. They learn that someone looked; the history does not count it.">\
                Load images</a>
                """
        return """
            <div class="card" id="letter"><div class="framed"><h2>The email</h2><span class="soft">\(whose)</span>\(files)\(offer)</div>
            <iframe class="frame" sandbox loading="lazy" title="The email" \
            src="\(ConsoleLink.body(of: row.id, for: story?.delivery.id, images: images))"></iframe></div>
            """
    }

    private static func size(_ bytes: Int) -> String {
        switch bytes {
        case ..<1000: "\(bytes) B"
        case ..<1_000_000: "\(bytes / 1000) kB"
        default: "\(bytes / 1_000_000) MB"
        }
    }
}
