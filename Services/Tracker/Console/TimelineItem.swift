import Mail
import Runtime

/// One fact of a delivery's story, as a colleague would tell it.
struct TimelineItem {
    let entry: TimelineEntry
    let mailing: MailingID
    /// Whether the conversation with the server stands here; otherwise a link leads to it.
    let showsLog: Bool

    func render() -> HTML {
        let (tone, sentence) = telling
        let icon: HTML = tone?.icon ?? "<span class=\"dot\"></span>"
        return """
            <li>\(icon)<div><p>\(sentence)</p>\(evidence)</div>\(Moment.full(entry.fact.occurredAt))</li>

            """
    }

    /// What happened, and the tone of what it means for the delivery; `nil` where it changes nothing by itself.
    private var telling: (Tone?, HTML) {
        switch entry.fact.body {
        case .mailingAccepted(let accepted):
            let due: HTML? = accepted.sendAt.map { ", to be sent \(Moment.full($0))" }
            return (nil, "Accepted\(due)")
        case .mailingRefused(let refused): return (.failed, "Refused: \(refused.problems.joined(separator: " "))")
        case .deliveryScheduled(let moved):
            let due: HTML? = moved.dueAt.map { " for \(Moment.full($0))" }
            return (.waiting, "Scheduled\(due)")
        case .deliveryPending(let moved):
            return (.waiting, moved.attempt > 1 ? "In the queue for attempt \(moved.attempt)" : "In the queue\(person(moved.by))")
        case .deliveryCancelled(let moved): return (.withheld, "Cancelled\(person(moved.by))")
        case .deliveryExpired: return (.failed, "Given up: 72 hours have passed since it first had to wait")
        case .deliveryDropped(let dropped): return (.withheld, "Dropped\(dropped.detail.map { ": \(HTML.foreign($0))" })")
        case .deliveryFailed(let failed): return (.failed, "Failed\(failed.detail.map { ": \(HTML.foreign($0))" })")
        case .deliveryResolved(let resolved):
            return (
                resolved.delivered ? .arrived : .waiting,
                "\(resolved.delivered ? "Said to have arrived" : "To be sent again")\(person(resolved.by))"
            )
        case .attemptStarted(let started): return (.moving, "Attempt \(started.attempt) began")
        case .attemptDelivered(let ended): return (.arrived, "Taken by the recipient’s server\(peer(ended))")
        case .attemptDeferred(let ended):
            return (
                .trying,
                ended.reply == nil
                    ? "Could not be handed over; tried again later\(peer(ended))"
                    : "The server asked us to try later\(peer(ended))"
            )
        case .attemptBounced(let ended): return (.failed, "Refused by the recipient’s server\(peer(ended))")
        case .attemptUncertain(let ended): return (.trying, "Nobody knows whether it arrived\(peer(ended))")
        case .attemptAbandoned: return (nil, "The attempt ended before the message could leave")
        case .messageOpened:
            return isByPerson ? (.arrived, "Viewed\(client)") : (nil, "Image loaded by a program\(client)")
        case .linkClicked(let clicked):
            let target = HTML.foreign(clicked.target)
            return isByPerson ? (.arrived, "Clicked \(target)\(client)") : (nil, "Link followed by a program, \(target)\(client)")
        case .contactUnsubscribed: return (.withheld, "Unsubscribed: mail to many from you no longer goes to this person")
        case .contactResubscribed: return (.arrived, "Subscribed again")
        case .sessionEnded: return (nil, "A sender was stopped")
        case .reminderPlanned: return (nil, "Reminder planned")
        case .reminderMoved: return (nil, "Reminder moved")
        case .reminderSkipped: return (nil, "Reminder skipped")
        case .reminderIssued: return (nil, "Reminder issued")
        case .reminderWithdrawn: return (nil, "Reminder withdrawn")
        }
    }

    private var isByPerson: Bool { entry.client?.isPerson == true }

    private var client: HTML? { entry.client.map { " <span class=\"soft\"><bdi>\($0.name)</bdi></span>" } }

    private func person(_ name: String?) -> HTML? { name.map { " by \(HTML.foreign($0))" } }

    private func peer(_ ended: AttemptEnded) -> HTML? { ended.peer.map { " <span class=\"soft\"><bdi>\($0)</bdi></span>" } }

    // MARK: - Evidence

    /// What of a server's words stands on the page, in characters and lines; the log has more.
    private static let longestLine = 500
    private static let mostLines = 8

    private var evidence: HTML? {
        if let ended = entry.fact.body.ended { return evidence(of: ended) }
        return entry.client.map { "<p class=\"soft small\">\(HTML.foreign($0.why))</p>" }
    }

    private func evidence(of ended: AttemptEnded) -> HTML {
        let reply: HTML? = ended.reply.map { reply in
            let enhanced = reply.enhanced.map { " \($0)" } ?? ""
            let text = reply.text.visibleLines(upTo: Self.longestLine).prefix(Self.mostLines).joined(separator: "\n")
            return "<p class=\"reply\"><bdi>\(reply.code)\(enhanced) \(text)</bdi></p>"
        }
        let detail: HTML? = ended.detail.map { "<p class=\"soft\"><bdi>\($0.visible(upTo: Self.longestLine))</bdi></p>" }
        let tls: HTML? = ended.tls.map { "<p class=\"soft small\">Encrypted, <bdi>\($0)</bdi></p>" }
        return "\(reply)\(detail)\(tls)\(log(of: ended))"
    }

    private func log(of ended: AttemptEnded) -> HTML? {
        guard let transcript = ended.transcript else { return nil }
        guard showsLog else { return "<p class=\"small\"><a href=\"\(ConsoleLink.log(ended.delivery))\">Show in the log</a></p>" }
        let text = transcript.visibleLines().joined(separator: "\n")
        return """
            <details id="log\(ended.attempt)"><summary>Show conversation</summary>\
            <pre id="text\(ended.attempt)" tabindex="0">\(text)</pre>\
            <p class="act"><button type="button" data-copy="text\(ended.attempt)" hidden>Copy</button></p></details>
            """
    }
}

extension Fact.Body {
    /// How an attempt ended, where the fact says so.
    var ended: AttemptEnded? {
        switch self {
        case .attemptDelivered(let ended), .attemptDeferred(let ended), .attemptBounced(let ended), .attemptUncertain(let ended),
            .attemptAbandoned(let ended):
            ended
        default: nil
        }
    }
}
