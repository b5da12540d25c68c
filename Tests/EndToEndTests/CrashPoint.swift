import SMTP
import Support

/// Where a sender at work is ended as by SIGKILL, and what is right to be found once others have taken over.
struct CrashPoint: Sendable {
    /// What the recipient's server has to say about the message, whenever it says anything.
    enum Answer: String, CaseIterable { case accepted, refused, deferred }

    /// What the history says in the end, and how many copies the server has.
    enum History {
        /// Nothing had been claimed: the first attempt is the next sender's.
        case untouched
        /// Claimed, and certainly not sent: given up and made again at once.
        case abandoned
        /// It may have left: uncertain, and sent again as the mailing wants it.
        case uncertain
        /// The outcome was known.
        case told
        /// The outcome was known, and the journal knew only the dot: both are told, and the outcome counts.
        case toldAndDoubted
    }

    let name: String
    /// What ends each sender in turn; the one after the last of them is left alone.
    let ends: [End]
    let history: History
    var answers: [Answer] = [.accepted]
    /// Copies that the server has beyond the one that it should have.
    var surplus = 0
    /// Whether a person is asked about the uncertain, so that nothing is sent while others recover.
    var isHeld = false
    /// Whether the first sender is asked to stop once the history has the outcome.
    var isStopping = false

    /// The moment at which a sender is ended.
    enum End: Sendable {
        /// Before the n-th such method passes between it and the broker.
        case before(BrokerTap.Passing.Way, BrokerTap.Method, String, turn: Int = 1)
        /// Before a fact of this kind passes to the broker, and the journal has the line about the attempt's outcome.
        case beforeTelling(String)
        /// The broker has the fact and its confirm has not arrived.
        case beforeConfirm(of: String)
        /// Before the ticket's ack passes to the broker.
        case beforeAck
        case afterAck
        /// At that command, unanswered. At the dot the server may have kept the message.
        case at(SMTPStage, isKept: Bool = false)
        /// As the journal's thread enters the n-th such call.
        case entering(String, turn: Int)
        /// As the sender's n-th such call returns, the first of its thread.
        case leaving(String, turn: Int)
        /// The outcome is published and confirmed, and its record never written.
        case beforeRecordAfterConfirm
    }

    /// In the order in which a sender meets them.
    static let all: [CrashPoint] = [
        CrashPoint(name: "ticket on its way", ends: [.before(.toClient, .deliver, "ticket")], history: .untouched),
        CrashPoint(name: "before the claim leaves", ends: [.before(.toBroker, .publish, "waybill.claims")], history: .untouched),
        CrashPoint(name: "claim granted, answer on its way", ends: [.before(.toClient, .deliver, "")], history: .abandoned),
        CrashPoint(
            name: "before the content is asked for", ends: [.before(.toBroker, .publish, "waybill.claims", turn: 2)],
            history: .abandoned),
        CrashPoint(name: "content on its way", ends: [.before(.toClient, .deliver, "", turn: 2)], history: .abandoned),
        CrashPoint(name: "connected", ends: [.at(.greeting)], history: .abandoned),
        CrashPoint(name: "EHLO sent", ends: [.at(.hello)], history: .abandoned),
        CrashPoint(name: "MAIL sent", ends: [.at(.mail)], history: .abandoned),
        CrashPoint(name: "RCPT sent", ends: [.at(.recipient)], history: .abandoned),
        CrashPoint(name: "DATA sent", ends: [.at(.data)], history: .abandoned),
        CrashPoint(name: "before the dot is recorded", ends: [.entering("pwrite64", turn: 1)], history: .abandoned),
        CrashPoint(
            name: "dot recorded, not yet saved", ends: [.leaving("pwrite64", turn: 1)], history: .uncertain,
            answers: [.accepted, .refused]),
        CrashPoint(
            name: "dot saved, not yet sent", ends: [.leaving("fdatasync", turn: 2)], history: .uncertain,
            answers: [.accepted, .refused]),
        CrashPoint(
            name: "dot sent, the server lost it", ends: [.at(.dot)], history: .uncertain, answers: [.accepted, .refused]),
        CrashPoint(
            name: "dot sent, the server kept it", ends: [.at(.dot, isKept: true)], history: .uncertain, surplus: 1),
        CrashPoint(
            name: "reply read, not yet recorded", ends: [.entering("pwrite64", turn: 2)], history: .uncertain,
            answers: Answer.allCases, surplus: 1),
        CrashPoint(
            name: "reply recorded, not yet published", ends: [.beforeTelling("attempt.")], history: .told, answers: Answer.allCases),
        CrashPoint(
            name: "published, not yet confirmed", ends: [.beforeConfirm(of: "attempt.")], history: .told,
            answers: Answer.allCases),
        CrashPoint(
            name: "published and confirmed, never recorded", ends: [.beforeRecordAfterConfirm], history: .toldAndDoubted,
            answers: Answer.allCases),
        CrashPoint(
            name: "confirmed, not yet recorded as reported", ends: [.entering("pwrite64", turn: 3)], history: .told,
            answers: Answer.allCases),
        CrashPoint(name: "before the ack", ends: [.beforeAck], history: .told, answers: Answer.allCases),
        CrashPoint(name: "after the ack", ends: [.afterAck], history: .told, answers: Answer.allCases),

        CrashPoint(
            name: "stopping, before the session's end is published", ends: [.before(.toBroker, .publish, "session.ended")],
            history: .told, answers: Answer.allCases, isStopping: true),
        CrashPoint(
            name: "stopping, the session's end not yet confirmed", ends: [.beforeConfirm(of: "session.ended")], history: .told,
            answers: Answer.allCases, isStopping: true),
        CrashPoint(
            name: "stopping, before the journal is deleted", ends: [.entering("unlink", turn: 1)], history: .told,
            answers: Answer.allCases, isStopping: true),

        CrashPoint(
            name: "recovery, before the doubt is published",
            ends: [.at(.dot, isKept: true), .before(.toBroker, .publish, "attempt.uncertain")], history: .uncertain, isHeld: true),
        CrashPoint(
            name: "recovery, the doubt not yet confirmed",
            ends: [.at(.dot, isKept: true), .beforeConfirm(of: "attempt.uncertain")], history: .uncertain, isHeld: true),
        CrashPoint(
            name: "recovery, before the session's end is published",
            ends: [.at(.dot, isKept: true), .before(.toBroker, .publish, "session.ended")], history: .uncertain, isHeld: true),
        CrashPoint(
            name: "recovery, the session's end not yet confirmed",
            ends: [.at(.dot, isKept: true), .beforeConfirm(of: "session.ended")], history: .uncertain, isHeld: true),
        CrashPoint(
            name: "recovery, before the journal is deleted", ends: [.at(.dot, isKept: true), .entering("unlink", turn: 1)],
            history: .uncertain, isHeld: true),
        CrashPoint(
            name: "recovery of an outcome, before it is published",
            ends: [.beforeTelling("attempt."), .before(.toBroker, .publish, "attempt.delivered")], history: .told),
        CrashPoint(
            name: "recovery of an outcome, not yet confirmed",
            ends: [.beforeTelling("attempt."), .beforeConfirm(of: "attempt.delivered")], history: .told),
        CrashPoint(
            name: "recovery of what was abandoned", ends: [.at(.recipient), .before(.toBroker, .publish, "session.ended")],
            history: .abandoned),
        CrashPoint(
            name: "recovery, three times over",
            ends: [
                .at(.dot, isKept: true), .before(.toBroker, .publish, "attempt.uncertain"), .beforeConfirm(of: "session.ended"),
                .entering("unlink", turn: 1),
            ], history: .uncertain, isHeld: true),
    ]

    /// The delivery's facts after its acceptance, each with its attempt.
    func facts(when answer: Answer) -> [String] {
        let last = answer == .refused ? "bounced" : "delivered"
        let again = ["pending 2", "started 2", "\(last) 2"]
        let begun = ["pending 1", "started 1"]
        switch history {
        case .untouched: return begun + ["\(last) 1"]
        case .abandoned: return begun + ["abandoned 1"] + again
        case .uncertain where isHeld: return begun + ["uncertain 1"]
        case .uncertain: return begun + ["uncertain 1"] + again
        case .told: return begun + (answer == .deferred ? ["deferred 1"] + again : ["\(last) 1"])
        case .toldAndDoubted: return begun + ["uncertain 1"] + (answer == .deferred ? ["deferred 1"] + again : ["\(last) 1"])
        }
    }

    /// Copies at the server in the end.
    func copies(when answer: Answer) -> Int {
        switch answer {
        case .accepted: isHeld ? 1 : 1 + surplus
        case .deferred: 1
        case .refused: 0
        }
    }
}
