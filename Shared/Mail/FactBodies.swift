/// A mailing was accepted: everything about it, once. Attachments by name, size and hash only.
package struct MailingAccepted: Hashable, Sendable {
    package var mailing: MailingID
    /// `invite`, `update`, `campaign`, `reminder`, `direct` or the client's own label.
    package var kind: String
    package var name: String
    package var audience: Audience
    package var collection: String?
    /// When it may be sent at the earliest; absent for at once.
    package var sendAt: Timestamp?
    package var whenUncertain: UncertaintyPolicy
    package var content: Content
    package var recipients: [Recipient]

    /// One recipient, and the delivery that is on its way to them.
    package struct Recipient: Hashable, Sendable {
        package var delivery: DeliveryID
        /// As submitted: an invalid one is kept here as it came, and its delivery failed.
        package var address: String
        package var name: String?
        package var role: RecipientRole
        package var variables: [String: String]?

        package init(delivery: DeliveryID, address: String, name: String?, role: RecipientRole, variables: [String: String]?) {
            self.delivery = delivery
            self.address = address
            self.name = name
            self.role = role
            self.variables = variables
        }
    }

    package init(
        mailing: MailingID, kind: String, name: String, audience: Audience, collection: String?, sendAt: Timestamp?,
        whenUncertain: UncertaintyPolicy, content: Content, recipients: [Recipient]
    ) {
        self.mailing = mailing
        self.kind = kind
        self.name = name
        self.audience = audience
        self.collection = collection
        self.sendAt = sendAt
        self.whenUncertain = whenUncertain
        self.content = content
        self.recipients = recipients
    }
}

/// A mailing submitted over AMQP was refused whole. (Over HTTP the answer itself says so.)
package struct MailingRefused: Hashable, Sendable {
    package var mailing: MailingID
    /// What was wrong and what would be right, one sentence each.
    package var problems: [String]

    package init(mailing: MailingID, problems: [String]) {
        self.mailing = mailing
        self.problems = problems
    }
}

/// The scheduler moved a delivery: scheduled, pending, cancelled or expired.
package struct DeliveryMoved: Hashable, Sendable {
    package var delivery: DeliveryID
    package var mailing: MailingID
    /// The attempt this is about, from 1: for `pending` the one to be made, otherwise the last made or to be made.
    package var attempt: Int
    /// For `scheduled`, when it falls due.
    package var dueAt: Timestamp?
    /// Who asked for it, where a person or a client did: the token's subject.
    package var by: String?

    package init(delivery: DeliveryID, mailing: MailingID, attempt: Int, dueAt: Timestamp? = nil, by: String? = nil) {
        self.delivery = delivery
        self.mailing = mailing
        self.attempt = attempt
        self.dueAt = dueAt
        self.by = by
    }
}

package struct DeliveryDropped: Hashable, Sendable {
    package var delivery: DeliveryID
    package var mailing: MailingID
    package var reason: DropReason
    /// The rule or evidence, in words.
    package var detail: String?

    package init(delivery: DeliveryID, mailing: MailingID, reason: DropReason, detail: String? = nil) {
        self.delivery = delivery
        self.mailing = mailing
        self.reason = reason
        self.detail = detail
    }
}

package struct DeliveryFailed: Hashable, Sendable {
    package var delivery: DeliveryID
    package var mailing: MailingID
    package var reason: FailReason
    package var detail: String?

    package init(delivery: DeliveryID, mailing: MailingID, reason: FailReason, detail: String? = nil) {
        self.delivery = delivery
        self.mailing = mailing
        self.reason = reason
        self.detail = detail
    }
}

/// A person decided about an uncertain attempt.
package struct DeliveryResolved: Hashable, Sendable {
    package var delivery: DeliveryID
    package var mailing: MailingID
    package var attempt: Int
    /// `true`: it arrived. `false`: send it again.
    package var delivered: Bool
    package var by: String?

    package init(delivery: DeliveryID, mailing: MailingID, attempt: Int, delivered: Bool, by: String?) {
        self.delivery = delivery
        self.mailing = mailing
        self.attempt = attempt
        self.delivered = delivered
        self.by = by
    }
}

/// A sender claimed a delivery. Reported by the scheduler, which granted the claim.
package struct AttemptStarted: Hashable, Sendable {
    package var delivery: DeliveryID
    package var mailing: MailingID
    /// From 1.
    package var attempt: Int
    package var session: SessionID

    package init(delivery: DeliveryID, mailing: MailingID, attempt: Int, session: SessionID) {
        self.delivery = delivery
        self.mailing = mailing
        self.attempt = attempt
        self.session = session
    }
}

/// How an attempt ended, with the evidence. One body for delivered, deferred, bounced, uncertain and abandoned.
package struct AttemptEnded: Hashable, Sendable {
    package var delivery: DeliveryID
    package var mailing: MailingID
    package var attempt: Int
    /// The sender that made the attempt.
    package var session: SessionID
    package var startedAt: Timestamp?
    /// The server's last word, where it said one.
    package var reply: ServerReply?
    /// How a refusal was understood; absent when delivered.
    package var verdict: Verdict?
    /// Why it ended without a reply, in words: "The connection was lost after the message and before the answer."
    package var detail: String?
    /// The least time the server asked us to wait, in seconds.
    package var retryAfterSeconds: Int?
    /// Host and port that were spoken to.
    package var peer: String?
    /// Version and cipher, where the connection was encrypted.
    package var tls: String?
    /// The whole conversation with times; secrets masked, message bytes left out. At most 16 KiB.
    package var transcript: String?

    package init(
        delivery: DeliveryID, mailing: MailingID, attempt: Int, session: SessionID, startedAt: Timestamp? = nil,
        reply: ServerReply? = nil, verdict: Verdict? = nil, detail: String? = nil, retryAfterSeconds: Int? = nil,
        peer: String? = nil, tls: String? = nil, transcript: String? = nil
    ) {
        self.delivery = delivery
        self.mailing = mailing
        self.attempt = attempt
        self.session = session
        self.startedAt = startedAt
        self.reply = reply
        self.verdict = verdict
        self.detail = detail
        self.retryAfterSeconds = retryAfterSeconds
        self.peer = peer
        self.tls = tls
        self.transcript = transcript
    }
}

/// A sender's life is over and everything its journal knew has been reported before this fact. Whatever it had claimed
/// and not reported never reached the final dot: it may be sent again at once. The session can claim nothing more.
package struct SessionEnded: Hashable, Sendable {
    package var session: SessionID

    package init(session: SessionID) {
        self.session = session
    }
}

/// The tracking image of a delivery was fetched.
package struct MessageOpened: Hashable, Sendable {
    package var delivery: DeliveryID
    /// Hostile text, at most 512 bytes.
    package var userAgent: String?

    package init(delivery: DeliveryID, userAgent: String?) {
        self.delivery = delivery
        self.userAgent = userAgent
    }
}

/// A link of a delivery was followed.
package struct LinkClicked: Hashable, Sendable {
    package var delivery: DeliveryID
    /// The link's place in the message, from 0.
    package var link: Int
    package var target: String
    /// Hostile text, at most 512 bytes.
    package var userAgent: String?

    package init(delivery: DeliveryID, link: Int, target: String, userAgent: String?) {
        self.delivery = delivery
        self.link = link
        self.target = target
        self.userAgent = userAgent
    }
}

/// A person will get no more mass mail of the organization, or gets it again: `occurredAt` is when they said so.
package struct ContactChanged: Hashable, Sendable {
    /// As ``EmailAddress/person`` writes it.
    package var address: String
    /// The delivery through which they unsubscribed, also where they came back; absent where it was none.
    package var delivery: DeliveryID?
    package var mailing: MailingID?

    package init(address: String, delivery: DeliveryID? = nil, mailing: MailingID? = nil) {
        self.address = address
        self.delivery = delivery
        self.mailing = mailing
    }
}

/// A reminder was planned, moved to another time, skipped, issued or withdrawn.
package struct ReminderMoved: Hashable, Sendable {
    package var reminder: ReminderID
    package var collection: String
    package var expiresOn: String
    package var daysBefore: Int
    package var dueAt: Timestamp
    /// For `issued`: the mailing it became, one for each recipient.
    package var mailing: MailingID?
    package var recipient: String?
    /// For `skipped` and `withdrawn`: why, in words.
    package var detail: String?

    package init(
        reminder: ReminderID, collection: String, expiresOn: String, daysBefore: Int, dueAt: Timestamp, mailing: MailingID? = nil,
        recipient: String? = nil, detail: String? = nil
    ) {
        self.reminder = reminder
        self.collection = collection
        self.expiresOn = expiresOn
        self.daysBefore = daysBefore
        self.dueAt = dueAt
        self.mailing = mailing
        self.recipient = recipient
        self.detail = detail
    }
}
