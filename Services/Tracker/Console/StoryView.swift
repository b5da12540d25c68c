import Mail
import Runtime

/// What became of one delivery: where it stands and why, what can be done, and everything that happened, with its time.
struct StoryView {
    let story: DeliveryTimeline
    let visitor: Visitor
    let now: Timestamp

    /// Opens and clicks shown at either end; those between are counted.
    private static let hitsAtEitherEnd = 10
    /// Escaped bytes of server conversations that one page carries; older ones are a click away.
    private static let logBytes = 16_000

    private var delivery: DeliveryRow { story.delivery }

    func render() -> HTML {
        """
        <p>\(sentence)</p>\(views)\(actions)<ol class="timeline">\(items)</ol>\(log)
        """
    }

    /// Everything as text, for a ticket.
    private var log: HTML {
        let path = ConsoleLink.log(delivery.id)
        return """
            <p class="act log"><a class="button" href="\(path)">Show log</a>\
            <button type="button" data-fetch="\(path)" hidden>Copy log</button>\
            <a class="button" href="\(ConsoleLink.log(delivery.id, isSaved: true))" download>Download log</a></p>
            """
    }

    /// The state with its shape; a refusal with its class.
    static func status(of delivery: DeliveryRow) -> HTML {
        let kind: HTML? = delivery.state == .bounced ? delivery.reason?.bounceClass.map { " · \($0.word)" } : nil
        return """
            <span class="status" title="\(delivery.state.meaning)">\(delivery.state.tone.icon)<span>\(delivery.state.word)\(kind)</span></span>
            """
    }

    /// That the recipient wants no more mail to many, since this one.
    static func wish(of delivery: DeliveryRow) -> HTML? {
        delivery.unsubscribedAt.map { _ in
            """
            <span class="status" title="Unsubscribed through this email: mail to many no longer goes to this person.">\(Tone.withheld.icon)<span>Unsubscribed</span></span>
            """
        }
    }

    // MARK: - Where it stands

    private var sentence: HTML {
        let reason = delivery.reason?.sentence
        let detail: HTML? = delivery.reason.flatMap { reason in
            reason.detail.flatMap { $0 == reason.sentence ? nil : " <span class=\"soft\"><bdi>\($0)</bdi></span>" }
        }
        switch delivery.state {
        case .deferred:
            let until: HTML =
                delivery.retryUntil.map { "We keep trying until \(Moment.spoken($0))." } ?? "We keep trying for 72 hours."
            return "\(reason ?? "The recipient’s server asked us to come back later.") \(until)\(detail)"
        case .bounced:
            return "\(reason ?? delivery.state.meaning) \(delivery.reason?.advice ?? "")\(detail)"
        case .dropped, .failed:
            return "\(reason ?? delivery.state.meaning)\(detail)"
        case .uncertain:
            return "\(delivery.state.meaning)\(detail)"
        case .scheduled, .pending, .sending, .delivered, .cancelled:
            return "\(delivery.state.meaning)"
        }
    }

    /// Of people alone: a scanner that loads the image has not viewed anything.
    private var views: HTML? {
        let opened = story.entries.filter { entry in
            guard case .messageOpened = entry.fact.body else { return false }
            return entry.client?.isPerson == true
        }
        guard let first = opened.first, let last = opened.last else { return nil }
        let client: HTML? = last.client.map { ", last in \(HTML.foreign($0.name))" }
        let machines = delivery.views.hits.all - delivery.views.hits.people
        let others: HTML? = machines > 0 ? "<span>\(Figure.count(machines, "more", "more")) by programs</span>" : nil
        return """
            <p class="facts"><span>\(Figure.count(delivery.views.hits.people, "view", "views"))\(client)</span>\
            <span>first viewed \(Moment.full(first.fact.occurredAt))</span><span>last viewed \(Moment.full(last.fact.occurredAt))</span>\(others)</p>
            """
    }

    // MARK: - What can be done

    private var actions: HTML? {
        guard visitor.principal.scopes.contains(.send) else { return nil }
        switch delivery.state {
        case .scheduled, .pending, .deferred:
            return """
                <div class="act">\(ask(
                    "Cancel sending…", ConsoleLink.cancel(delivery.id), "It has not left yet. \(delivery.address) will not get this email.",
                    button: "Cancel sending", isGrave: true))</div>
                """
        case .uncertain:
            return """
                <div class="act">\(ask(
                    "It arrived…", ConsoleLink.resolve(delivery.id),
                    "Choose this if the recipient has it. It counts as delivered and is not sent again.", button: "It arrived",
                    choice: .arrived))\(ask(
                    "Send again…", ConsoleLink.resolve(delivery.id),
                    "Choose this if the recipient does not have it. If it did arrive after all, they get it twice.", button: "Send again",
                    choice: .again))</div>
                """
        case .sending, .delivered, .bounced, .dropped, .failed, .cancelled:
            return nil
        }
    }

    private func ask(
        _ title: String, _ action: String, _ consequence: String, button: String, isGrave: Bool = false,
        choice: ConsoleLink.Asked? = nil
    ) -> HTML {
        let choice: HTML? = choice.map { "<input type=\"hidden\" name=\"choice\" value=\"\($0.rawValue)\">" }
        return """
            <details class="ask"><summary>\(title)</summary><form method="post" action="\(action)">\
            \(ConsoleFrame.formToken(of: visitor))\(choice)<p>\(consequence)</p>\
            <button class="\(isGrave ? "grave" : "main")">\(button)</button></form></details>
            """
    }

    // MARK: - What happened

    private var items: [HTML] {
        let hits = story.entries.indices.filter { story.entries[$0].client != nil }
        let leftOut = Set(
            hits.count > 2 * Self.hitsAtEitherEnd ? hits.dropFirst(Self.hitsAtEitherEnd).dropLast(Self.hitsAtEitherEnd) : [])
        let logs = logsWithin(Self.logBytes)
        var items: [HTML] = []
        var hasToldOfGap = false
        for (index, entry) in story.entries.enumerated() {
            if leftOut.contains(index) {
                if !hasToldOfGap {
                    let count = Figure.grouped(leftOut.count + story.hitsLeftOut)
                    items.append("<li><span class=\"dot\"></span><div class=\"soft\">\(count) more views and clicks</div></li>")
                }
                hasToldOfGap = true
                continue
            }
            items.append(TimelineItem(entry: entry, mailing: story.email.id, showsLog: logs.contains(index)).render())
            if index == 0, story.stepsLeftOut > 0 {
                let count = Figure.count(story.stepsLeftOut, "earlier step is", "earlier steps are")
                items.append("<li><span class=\"dot\"></span><div class=\"soft\">\(count) in the log</div></li>")
            }
        }
        return items
    }

    /// The entries whose logs fit on the page, the newest first.
    private func logsWithin(_ budget: Int) -> Set<Int> {
        var left = budget
        var fitting: Set<Int> = []
        for (index, entry) in story.entries.enumerated().reversed() {
            guard let transcript = entry.fact.body.ended?.transcript else { continue }
            let page: HTML = "\(transcript)"
            left -= page.markup.utf8.count
            guard left >= 0 else { break }
            fitting.insert(index)
        }
        return fitting
    }
}

extension BounceClass {
    /// As it stands behind the word Bounced.
    var word: String {
        switch self {
        case .hard: "hard"
        case .soft: "soft"
        case .transient: "transient"
        case .block: "blocked"
        }
    }
}
