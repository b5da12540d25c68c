import Mail
import Runtime

/// A mailing in few words, as lists show it.
enum EmailSummary {
    /// The state that someone would want to know first comes first, and gives the shape and the colour.
    private static let urgency: [DeliveryState] = [
        .bounced, .failed, .uncertain, .deferred, .sending, .pending, .scheduled, .dropped, .cancelled, .delivered,
    ]

    static func status(of row: EmailRow, now: Timestamp) -> HTML {
        let present = urgency.filter { row.states[$0, default: 0] > 0 }
        guard let first = present.first else { return "" }
        if row.recipients == 1 || present.count == 1 {
            let due: HTML? =
                first == .scheduled ? row.sendAt.map { ", <span class=\"soft\">\(Moment.brief($0, now: now))</span>" } : nil
            return "<span class=\"status\">\(first.tone.icon)<span>\(first.word)\(due)</span></span>"
        }
        let count =
            "\(Figure.grouped(row.states[first, default: 0])) of \(Figure.grouped(row.recipients)) \(first.word.lowercased())"
        return """
            <span class="status">\(first.tone.icon)<span>\(count)</span></span>\(StateBar.svg(row.states, style: "bar mini"))
            """
    }

    static func recipients(of row: EmailRow) -> HTML {
        guard let first = row.firstRecipients.first else { return "<span class=\"soft\">nobody</span>" }
        let all = row.firstRecipients.map(\.address)
        let others = row.recipients - 1
        let name: HTML? = others == 0 ? first.name.map { " <span class=\"soft\"><bdi>\($0)</bdi></span>" } : nil
        let more: HTML? = others > 0 ? " <span class=\"soft\">and \(Figure.grouped(others)) more</span>" : nil
        return "<span title=\"\(all.joined(separator: ", "))\"><bdi>\(first.address)</bdi>\(name)\(more)</span>"
    }

    /// Read, Unread, Failed or Untracked; how many of them where there are several.
    static func viewed(_ row: EmailRow) -> HTML {
        guard row.isTracked else { return "<span class=\"soft\">Untracked</span>" }
        let left = row.states[.delivered, default: 0] + row.states[.bounced, default: 0]
        if row.recipients > 1 {
            guard row.read > 0 else { return left > 0 ? "<span class=\"soft\">Unread</span>" : "" }
            let whole = Figure.grouped(row.recipients)
            return "<span>\(Tone.arrived.icon)\(Figure.grouped(row.read)) of \(whole) read</span>"
        }
        if row.read > 0 {
            let views: HTML? = row.opens.people > 0 ? " · \(Figure.count(row.opens.people, "view", "views"))" : nil
            return "<span>\(Tone.arrived.icon)Read\(views)</span>"
        }
        if row.states[.bounced, default: 0] + row.states[.failed, default: 0] > 0 { return "<span class=\"soft\">Failed</span>" }
        return left > 0 ? "<span class=\"soft\">Unread</span>" : ""
    }

    static let untracked = "Opens are not tracked for this email, so nobody can tell whether it was read."
    static let caveat =
        "Seen by an image that loads with the email. Some programs never load it, others load it on their own, so this is never wholly certain."
}
