import Mail
import Runtime

/// How a status looks: one of six tones, each with a shape and a colour of its own, so that neither is needed to read the other.
enum Tone: String, CaseIterable, Sendable {
    case waiting, moving, arrived, trying, failed, withheld

    /// The tone's shape: an outline in a 12 × 12 box, defined once a page by ``sprite`` and used by name.
    var icon: HTML {
        switch self {
        case .waiting: "<svg class=\"i waiting\" aria-hidden=\"true\"><use href=\"#i-waiting\"/></svg>"
        case .moving: "<svg class=\"i moving\" aria-hidden=\"true\"><use href=\"#i-moving\"/></svg>"
        case .arrived: "<svg class=\"i arrived\" aria-hidden=\"true\"><use href=\"#i-arrived\"/></svg>"
        case .trying: "<svg class=\"i trying\" aria-hidden=\"true\"><use href=\"#i-trying\"/></svg>"
        case .failed: "<svg class=\"i failed\" aria-hidden=\"true\"><use href=\"#i-failed\"/></svg>"
        case .withheld: "<svg class=\"i withheld\" aria-hidden=\"true\"><use href=\"#i-withheld\"/></svg>"
        }
    }

    /// The shapes of all tones, hidden.
    static let sprite: HTML = """
        <svg class="sprite" aria-hidden="true"><defs>\
        <symbol id="i-waiting" viewBox="0 0 12 12"><circle cx="6" cy="6" r="4.5" fill="none" stroke="currentColor" stroke-width="1.5"/></symbol>\
        <symbol id="i-moving" viewBox="0 0 12 12"><circle cx="6" cy="6" r="4.5" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M6 1.5a4.5 4.5 0 0 1 0 9z" fill="currentColor"/></symbol>\
        <symbol id="i-arrived" viewBox="0 0 12 12"><path d="M1.5 6.5l3 3 6-7" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></symbol>\
        <symbol id="i-trying" viewBox="0 0 12 12"><path d="M6 1.2L11.2 10.6H.8z" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/></symbol>\
        <symbol id="i-failed" viewBox="0 0 12 12"><path d="M2 2l8 8M10 2l-8 8" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"/></symbol>\
        <symbol id="i-withheld" viewBox="0 0 12 12"><path d="M2 6h8" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"/></symbol>\
        </defs></svg>
        """
}

extension DeliveryState {
    var tone: Tone {
        switch self {
        case .scheduled, .pending: .waiting
        case .sending: .moving
        case .delivered: .arrived
        case .deferred, .uncertain: .trying
        case .bounced, .failed: .failed
        case .dropped, .cancelled: .withheld
        }
    }

    /// The state in one word.
    var word: String {
        switch self {
        case .scheduled: "Scheduled"
        case .pending: "Pending"
        case .sending: "Sending"
        case .delivered: "Delivered"
        case .deferred: "Deferred"
        case .bounced: "Bounced"
        case .dropped: "Dropped"
        case .failed: "Failed"
        case .cancelled: "Cancelled"
        case .uncertain: "Uncertain"
        }
    }

    /// What the word means, for someone who has not read a manual.
    var meaning: String {
        switch self {
        case .scheduled: "Accepted. It will be sent when its time comes."
        case .pending: "In the queue. It has not left yet and can still be cancelled."
        case .sending: "On its way to the recipient’s server right now. It can no longer be cancelled."
        case .delivered:
            "The recipient’s server has taken it. If they cannot find it, ask them to look in the junk folder and to mark the sender as safe."
        case .deferred: "The recipient’s server asked us to come back later. We keep trying for 72 hours."
        case .bounced: "The recipient’s server did not take it, or sent it back."
        case .dropped: "Not sent, by a rule of yours or ours."
        case .failed: "It could not be sent at all."
        case .cancelled: "Withdrawn before it left. Nothing was sent."
        case .uncertain: "It may have arrived: the connection ended after the message and before the answer."
        }
    }
}
