/// A hint that a delivery waits to be sent. May come twice, late, or for something long finished: only a claim decides.
package struct Ticket: Hashable, Sendable {
    package var delivery: DeliveryID
    /// The attempt to be made, from 1.
    package var attempt: Int

    package init(delivery: DeliveryID, attempt: Int) {
        self.delivery = delivery
        self.attempt = attempt
    }
}

/// A sender asks for the jobs behind its tickets. Asking again in the same session gets the same answer.
package struct ClaimRequest: Hashable, Sendable {
    package var session: SessionID
    /// How many deliveries the sender makes at once, whatever it is doing now.
    package var slots: Int
    package var tickets: [Ticket]

    package init(session: SessionID, slots: Int, tickets: [Ticket]) {
        self.session = session
        self.slots = slots
        self.tickets = tickets
    }
}

/// Exactly one job or refusal for each ticket of the request.
package struct ClaimAnswer: Hashable, Sendable {
    package var jobs: [Job]
    package var refusals: [ClaimRefusal]

    package init(jobs: [Job], refusals: [ClaimRefusal]) {
        self.jobs = jobs
        self.refusals = refusals
    }
}

/// Everything that one attempt needs, but for the content, which is fetched once by its hash.
package struct Job: Hashable, Sendable {
    package var delivery: DeliveryID
    package var attempt: Int
    package var mailing: MailingID
    package var organization: String
    /// The mailing's kind; `reminder` mail says that it was sent automatically (RFC 3834).
    package var kind: String
    package var audience: Audience
    package var recipient: Mailbox
    package var role: RecipientRole
    package var variables: [String: String]
    /// When the mailing was accepted: the message's `Date`, the same at every attempt.
    package var acceptedAt: Timestamp
    package var content: ContentHash

    package init(
        delivery: DeliveryID, attempt: Int, mailing: MailingID, organization: String, kind: String, audience: Audience,
        recipient: Mailbox, role: RecipientRole, variables: [String: String], acceptedAt: Timestamp, content: ContentHash
    ) {
        self.delivery = delivery
        self.attempt = attempt
        self.mailing = mailing
        self.organization = organization
        self.kind = kind
        self.audience = audience
        self.recipient = recipient
        self.role = role
        self.variables = variables
        self.acceptedAt = acceptedAt
        self.content = content
    }
}

package struct ClaimRefusal: Hashable, Sendable {
    package var ticket: Ticket
    package var reason: Reason

    /// Whatever the reason, the ticket is spent: the sender acks it and sends nothing.
    package enum Reason: String, Sendable, JSONWord {
        case cancelled
        /// Another session has it.
        case claimed
        /// Its outcome is known, or a later attempt is under way.
        case finished
        /// Not yet: a destination's limit, or its time has not come. Another ticket will come.
        case wait
        case unknown
        /// The session that asks has been declared ended.
        case sessionEnded = "session-ended"
    }

    package init(ticket: Ticket, reason: Reason) {
        self.ticket = ticket
        self.reason = reason
    }
}

/// A sender asks for the bytes behind a hash: a ``Content`` as JSON, or an attachment. Answered with the bytes as the
/// message's body, type ``Questions/blob``; or type ``Questions/missing``.
package struct BlobRequest: Hashable, Sendable {
    package var hash: ContentHash

    package init(hash: ContentHash) {
        self.hash = hash
    }
}

/// The `type` of the messages that go over the claims queue and back.
package enum Questions {
    /// ``ClaimRequest``
    package static let claim = "claim"
    /// ``ClaimAnswer``
    package static let claimAnswer = "claim.answer"
    /// ``BlobRequest``
    package static let fetch = "fetch"
    package static let blob = "blob"
    package static let missing = "missing"
}
