import Mail

/// What happened to one delivery as plain text, to be pasted into a ticket: who and what, every step, and the whole conversation of every
/// attempt in order.
///
/// Servers' words are made visible and indented, so that none of them can be taken for ours.
struct DeliveryLog: Sendable {
    let delivery: DeliveryRow
    let email: EmailRow
    /// The log's numbers of the delivery's steps, in causal order.
    let steps: [Int64]

    /// The longest line of a server's, in characters.
    private static let longestLine = 1000

    /// What stands above the first step.
    var head: String {
        let name = delivery.name.map { " (\($0.visible(upTo: 200)))" } ?? ""
        var lines = [
            ("Delivery", delivery.id.description), ("Mailing", email.id.description),
            ("Message-ID", "<\(delivery.id.messageID(from: email.from.address))>"),
            ("Recipient", "\(delivery.address.visible(upTo: 400))\(name), \(delivery.role.rawValue)"),
            ("From", email.from.address.description.visible(upTo: 400)), ("Subject", email.subject.visible(upTo: 400)),
            ("Accepted", email.acceptedAt.description),
            ("State", delivery.state.rawValue + (delivery.changedAt.map { " since \($0)" } ?? "")),
        ]
        if let reason = delivery.reason { lines.append(("Reason", reason.sentence.visible(upTo: Self.longestLine))) }
        lines.append(("Attempts", String(delivery.attempts)))
        return lines.map(Self.line).joined() + (steps.isEmpty ? "\nNothing has happened yet.\n" : "\n")
    }

    /// One step of the delivery: a line, or for the end of an attempt a paragraph with its conversation.
    static func text(of fact: Fact) -> String {
        if let ended = fact.body.ended { return text(of: ended, in: fact) }
        return "\(fact.occurredAt)  \(sentence(for: fact.body))\n"
    }

    private static func sentence(for body: Fact.Body) -> String {
        func by(_ who: String?) -> String { who.map { ", by \($0.visible(upTo: 300))" } ?? "" }
        switch body {
        case .deliveryScheduled(let moved): return "scheduled" + (moved.dueAt.map { " for \($0)" } ?? "")
        case .deliveryPending(let moved): return "in the queue for attempt \(moved.attempt)\(by(moved.by))"
        case .deliveryCancelled(let moved): return "cancelled\(by(moved.by))"
        case .deliveryExpired: return "given up: the time for retries is over"
        case .deliveryDropped(let dropped):
            return "dropped (\(dropped.reason.rawValue))" + (dropped.detail.map { ": \($0.visible(upTo: longestLine))" } ?? "")
        case .deliveryFailed(let failed):
            return "failed (\(failed.reason.rawValue))" + (failed.detail.map { ": \($0.visible(upTo: longestLine))" } ?? "")
        case .deliveryResolved(let resolved):
            return (resolved.delivered ? "said to have arrived" : "to be sent again") + by(resolved.by)
        case .attemptStarted(let started): return "attempt \(started.attempt) began in the sender session \(started.session)"
        default: return body.kind.rawValue
        }
    }

    private static func text(of ended: AttemptEnded, in fact: Fact) -> String {
        let outcome = fact.kind.rawValue.dropFirst("attempt.".count)
        var lines: [(String, String)] = []
        if let began = ended.startedAt { lines.append(("Began", began.description)) }
        lines.append(("Ended", fact.occurredAt.description))
        if let verdict = ended.verdict {
            let doubt = verdict.certain ? "" : ", not certain"
            lines.append(("Understood", "\(verdict.class.rawValue), \(verdict.reason.rawValue)\(doubt)"))
        }
        if let reply = ended.reply {
            let words = [String(reply.code), reply.enhanced, reply.text].compactMap { $0 }.joined(separator: " ")
            lines.append(("Reply", words.visible(upTo: longestLine)))
        }
        if let detail = ended.detail { lines.append(("Note", detail.visible(upTo: longestLine))) }
        if let seconds = ended.retryAfterSeconds { lines.append(("Asked us", "to wait \(seconds) seconds")) }
        if let peer = ended.peer { lines.append(("Server", peer.visible(upTo: 300))) }
        if ended.peer != nil { lines.append(("Encrypted", ended.tls?.visible(upTo: 300) ?? "no")) }
        lines.append(("Session", ended.session.description))
        var text = "\nAttempt \(ended.attempt): \(outcome)\n" + lines.map { "  " + line($0) }.joined()
        if let transcript = ended.transcript {
            let conversation = transcript.visibleLines(upTo: longestLine).filter { !$0.isEmpty }
            text += "\n" + conversation.map { "    \($0)\n" }.joined()
        }
        return text + "\n"
    }

    private static func line(_ field: (name: String, value: String)) -> String {
        field.name + String(repeating: " ", count: max(1, 12 - field.name.count)) + field.value + "\n"
    }
}
