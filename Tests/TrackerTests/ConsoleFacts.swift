import Crypto
import Foundation
import Mail
import Runtime

/// Makes the facts of a mailing's life, as the services would report them.
struct ConsoleFacts {
    let organization: String
    let mailing: MailingID
    let accepted: Timestamp
    private(set) var facts: [Fact] = []
    private(set) var deliveries: [DeliveryID] = []
    private let session = SessionID.derived(from: "a sender")

    struct Person: Sendable {
        var address: String
        var name: String?
        var role: RecipientRole = .to
        var variables: [String: String]?
    }

    init(
        _ name: String, subject: String, kind: String = "invite", collection: String? = nil, to people: [Person],
        at accepted: Timestamp, organization: String = ConsoleFixture.organization, html: String? = "<p>Hello.</p>",
        text: String? = "Hello.",
        track: Tracking = Tracking(), sendAt: Timestamp? = nil, audience: Audience = .direct, from: String? = "Studio"
    ) throws {
        self.organization = organization
        self.accepted = accepted
        mailing = .derived(from: organization, name, "\(accepted)")
        deliveries = people.indices.map { .derived(from: organization, name, "\(accepted)", "\($0)") }
        let sender = Mailbox(address: try EmailAddress("studio@example.com"), name: from)
        let content = Content(
            from: sender, replyTo: nil, subject: subject, html: html, text: text, to: [], cc: [], attachments: [], track: track)
        let recipients = zip(people, deliveries).map { person, delivery in
            MailingAccepted.Recipient(
                delivery: delivery, address: person.address, name: person.name, role: person.role, variables: person.variables)
        }
        add(
            .mailingAccepted(
                MailingAccepted(
                    mailing: mailing, kind: kind, name: name, audience: audience, collection: collection, sendAt: sendAt,
                    whenUncertain: .hold, content: content, recipients: recipients)), after: .zero)
        for delivery in deliveries {
            let move = DeliveryMoved(delivery: delivery, mailing: mailing, attempt: 1, dueAt: sendAt)
            add(sendAt == nil ? .deliveryPending(move) : .deliveryScheduled(move), after: .milliseconds(5))
        }
    }

    mutating func add(_ body: Fact.Body, after wait: Duration) {
        facts.append(
            Fact(
                id: .derived(from: organization, "\(mailing)", "\(facts.count)"), organization: organization,
                occurredAt: accepted + wait, body: body))
    }

    mutating func started(_ index: Int, attempt: Int = 1, after wait: Duration = .seconds(1)) {
        add(
            .attemptStarted(.init(delivery: deliveries[index], mailing: mailing, attempt: attempt, session: session)), after: wait)
    }

    mutating func delivered(_ index: Int, attempt: Int = 1, after wait: Duration = .seconds(2)) {
        started(index, attempt: attempt, after: wait - .milliseconds(800))
        var ended = ended(index, attempt, ServerReply(code: 250, enhanced: "2.0.0", text: "Ok: queued as 4F2A91C0"))
        ended.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384"
        add(.attemptDelivered(ended), after: wait)
    }

    mutating func deferred(_ index: Int, attempt: Int = 1, reason: BounceReason = .mailboxFull, after wait: Duration = .seconds(2))
    {
        started(index, attempt: attempt, after: wait - .milliseconds(800))
        var ended = ended(index, attempt, ServerReply(code: 452, enhanced: "4.2.2", text: "The mailbox is over its quota"))
        ended.verdict = Verdict(class: .soft, reason: reason, certain: true)
        add(.attemptDeferred(ended), after: wait)
    }

    mutating func bounced(
        _ index: Int, class kind: BounceClass = .hard, reason: BounceReason = .addressUnknown,
        reply: String = "The email account that you tried to reach does not exist", after wait: Duration = .seconds(2)
    ) {
        started(index, after: wait - .milliseconds(800))
        var ended = ended(index, 1, ServerReply(code: 550, enhanced: "5.1.1", text: reply))
        ended.verdict = Verdict(class: kind, reason: reason, certain: true)
        add(.attemptBounced(ended), after: wait)
    }

    mutating func uncertain(_ index: Int, after wait: Duration = .seconds(31)) {
        started(index, after: .seconds(1))
        var ended = ended(index, 1, nil)
        ended.detail = "The connection was lost after the message and before the answer."
        add(.attemptUncertain(ended), after: wait)
    }

    mutating func opened(_ index: Int, by userAgent: String?, after wait: Duration) {
        add(.messageOpened(.init(delivery: deliveries[index], userAgent: userAgent)), after: wait)
    }

    mutating func clicked(_ index: Int, _ target: String, by userAgent: String?, after wait: Duration) {
        add(.linkClicked(.init(delivery: deliveries[index], link: 0, target: target, userAgent: userAgent)), after: wait)
    }

    private func ended(_ index: Int, _ attempt: Int, _ reply: ServerReply?) -> AttemptEnded {
        let answer = reply.map { "\n0.412 < \($0.code) \($0.enhanced ?? "") \($0.text)" } ?? "\n30.004 ! connection lost"
        return AttemptEnded(
            delivery: deliveries[index], mailing: mailing, attempt: attempt, session: session, reply: reply,
            peer: "mx1.example.net:25",
            transcript: """
                0.000 > connected to mx1.example.net:25 (192.0.2.25)
                0.041 < 220 mx1.example.net ESMTP
                0.042 > EHLO out1.studio.example.com
                0.080 < 250-mx1.example.net
                0.080 < 250-STARTTLS
                0.080 < 250 SMTPUTF8
                0.201 > MAIL FROM:<bounce@studio.example.com>
                0.240 < 250 2.1.0 Ok
                0.241 > RCPT TO:<someone@example.net>\(answer)
                """)
    }
}

/// Browsers and machines as they introduce themselves.
enum Agents {
    static let phone =
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
    static let outlook = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)"
    static let gmail = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    static let scanner = "python-requests/2.32.0"
    static let hostile = "<script>alert('ua')</script>\u{202E}\" onload=\"x"
}

/// A studio's year: every state, reminders, one collection with a long name, scripts that people read, and hostile text.
enum Studio {
    static let long = "Bartholomew-Maximilian von Hohenstein-Fitzgerald, Master of Ceremonies and Wine, Esq."
    static let hostileText = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> &amp; {{name}}"
    static let letter = """
        <!doctype html><html><body style="font-family:Georgia,serif;background:#f6f1ea;padding:32px">
        <h1 style="color:#5b4636">Your photos, {{name}}</h1><p>They are ready: <a href="https://gallery.example.com/smith?a=1&amp;b=2">see the gallery</a>.</p>
        <img src="https://cdn.example.com/hero.jpg" alt="The couple" width="320" height="200"><script>parent.hacked = 1</script></body></html>
        """

    static func facts(now: Timestamp = ConsoleFixture.now) throws -> [Fact] {
        var all: [Fact] = []
        func ago(_ hours: Int) -> Timestamp { now - .seconds(hours * 3600) }
        let ann = ConsoleFacts.Person(address: "ann@example.net", name: "Ann Smith", variables: ["name": "Ann"])

        var toOne = try ConsoleFacts(
            "Gallery", subject: "Your photos, {{name}}", collection: "Smith wedding", to: [ann], at: ago(2), html: letter)
        toOne.delivered(0)
        toOne.opened(0, by: Agents.scanner, after: .seconds(4))
        toOne.opened(0, by: Agents.gmail, after: .seconds(1800))
        toOne.opened(0, by: Agents.phone, after: .seconds(3600))
        toOne.clicked(0, "https://gallery.example.com/smith?a=1&b=2", by: Agents.phone, after: .seconds(3660))
        all += toOne.facts

        var deferred = try ConsoleFacts(
            "Contract", subject: "Contract to sign before Friday", kind: "direct",
            to: [.init(address: "bob@example.org", name: "Bob")], at: ago(3))
        deferred.deferred(0)
        deferred.deferred(0, attempt: 2, after: .seconds(70))
        all += deferred.facts

        var several = try ConsoleFacts(
            "Plan of the day", subject: "Plan of the day, with all addresses and times", kind: "update",
            collection: "Smith wedding",
            to: [
                ann, .init(address: "coordinator@example.org", name: "Wanda"), .init(address: "nobody@example.org", name: nil),
                .init(address: "studio@example.com", name: "Studio", role: .bcc),
            ], at: ago(26), html: letter)
        several.delivered(0)
        several.delivered(1, after: .seconds(3))
        several.bounced(2)
        several.delivered(3)
        several.opened(1, by: Agents.outlook, after: .seconds(7200))
        all += several.facts

        all += try ConsoleFacts(
            "Later", subject: "Thank you for coming", to: [ann], at: ago(1), sendAt: now + .seconds(3 * 86_400)
        ).facts
        all += try ConsoleFacts(
            "Waiting", subject: "A last question about the cake", kind: "direct",
            to: [.init(address: "cake@example.org", name: nil)], at: ago(0) - .seconds(30)
        ).facts
        var sending = try ConsoleFacts(
            "Sending", subject: "写真の準備ができました — ご結婚おめでとうございます", to: [.init(address: "yuki@例え.jp", name: "山田 雪")],
            at: ago(0) - .seconds(8))
        sending.started(0)
        all += sending.facts
        var arabic = try ConsoleFacts(
            "Arabic", subject: "دعوة لحضور حفل الزفاف يوم السبت", kind: "invite", collection: "حفل زفاف",
            to: [.init(address: "layla@example.org", name: "ليلى")],
            at: ago(50))
        arabic.delivered(0)
        all += arabic.facts
        var uncertain = try ConsoleFacts(
            "Uncertain", subject: "Your invoice 2026-118", kind: "direct", to: [.init(address: "accounts@example.org", name: nil)],
            at: ago(5))
        uncertain.uncertain(0)
        all += uncertain.facts
        var blocked = try ConsoleFacts(
            "Blocked", subject: "Autumn offers", kind: "campaign",
            to: [.init(address: long + "@example.org", name: long), .init(address: "x@y.z", name: "X")],
            at: ago(100), audience: .mass)
        blocked.bounced(
            0, class: .block, reason: .policyRefused, reply: "5.7.1 Message blocked, see https://postmaster.example.org/block")
        blocked.delivered(1)
        all += blocked.facts
        var dropped = try ConsoleFacts(
            "Dropped", subject: "Autumn offers", kind: "campaign", to: [.init(address: "gone@example.org", name: nil)],
            at: ago(101), audience: .mass)
        dropped.add(
            .deliveryDropped(
                .init(
                    delivery: dropped.deliveries[0], mailing: dropped.mailing, reason: .unsubscribed,
                    detail: "Unsubscribed on 3 May 2026.")),
            after: .seconds(1))
        all += dropped.facts
        var failed = try ConsoleFacts("Failed", subject: "", to: [.init(address: "bob@", name: nil)], at: ago(120))
        failed.add(
            .deliveryFailed(.init(delivery: failed.deliveries[0], mailing: failed.mailing, reason: .invalidAddress, detail: nil)),
            after: .seconds(1))
        all += failed.facts
        var cancelled = try ConsoleFacts("Cancelled", subject: "Wrong list, please ignore", to: [ann], at: ago(130))
        cancelled.add(
            .deliveryCancelled(.init(delivery: cancelled.deliveries[0], mailing: cancelled.mailing, attempt: 1, by: "wanda")),
            after: .seconds(20))
        all += cancelled.facts
        var untracked = try ConsoleFacts(
            "Plain", subject: "Directions to the venue", kind: "update", collection: "Smith wedding", to: [ann], at: ago(140),
            track: Tracking(opens: false, clicks: false))
        untracked.delivered(0)
        all += untracked.facts
        all += try hostile(at: ago(150))
        all += reminders(now: now)
        var old = try ConsoleFacts("Old", subject: "From a hundred days ago", to: [ann], at: ago(2400))
        old.delivered(0)
        all += old.facts
        return all
    }

    /// Every text that comes from outside tries to become markup.
    static func hostile(at time: Timestamp) throws -> [Fact] {
        var hostile = try ConsoleFacts(
            hostileText + " as a name", subject: hostileText, kind: hostileText, collection: hostileText,
            to: [.init(address: hostileText, name: hostileText)], at: time, html: letter + hostileText, from: hostileText)
        hostile.bounced(0, reply: hostileText + "\u{0}\u{1B}[31m")
        hostile.opened(0, by: Agents.hostile, after: .seconds(60))
        hostile.clicked(
            0, "https://example.com/?q=" + hostileText.replacing(" ", with: ""), by: Agents.hostile, after: .seconds(90))
        hostile.add(
            .mailingRefused(.init(mailing: .derived(from: "refused"), problems: [hostileText])), after: .seconds(100))
        return hostile.facts
    }

    static func reminders(now: Timestamp) -> [Fact] {
        func reminder(_ days: Int, _ collection: String, due: Timestamp, detail: String? = nil) -> ReminderMoved {
            ReminderMoved(
                reminder: .derived(from: collection, "\(days)"), collection: collection, expiresOn: "2026-12-24", daysBefore: days,
                dueAt: due, detail: detail)
        }
        let day = 86_400
        let bodies: [Fact.Body] = [
            .reminderPlanned(reminder(7, "Smith wedding", due: now + .seconds(25 * day))),
            .reminderPlanned(reminder(1, "Smith wedding", due: now + .seconds(31 * day))),
            .reminderPlanned(reminder(14, hostileText, due: now + .seconds(18 * day))),
            .reminderSkipped(
                reminder(40, "Smith wedding", due: now - .seconds(8 * day), detail: "It was due before the collection was put.")),
        ]
        return bodies.enumerated().map { index, body in
            Fact(
                id: .derived(from: "reminder fact", "\(index)"), organization: ConsoleFixture.organization,
                occurredAt: now - .seconds(9 * day),
                body: body)
        }
    }

    /// A mailing to many: the first few bounce, some are deferred, some have read it.
    static func campaign(to count: Int, now: Timestamp = ConsoleFixture.now) throws -> ConsoleFacts {
        let people = (0..<count).map { ConsoleFacts.Person(address: "guest\($0)@example.org", name: "Guest number \($0)") }
        var campaign = try ConsoleFacts(
            "Campaign", subject: "Save the date: our winter open studio", kind: "campaign", to: people,
            at: now - .seconds(4 * 3600),
            html: letter, audience: .mass)
        for index in 0..<count {
            switch index % 25 {
            case 0: campaign.bounced(index)
            case 1: campaign.deferred(index, reason: .greylisted)
            case 2: break
            default:
                campaign.delivered(index, after: .seconds(2 + index / 10))
                if index % 3 == 0 { campaign.opened(index, by: Agents.phone, after: .seconds(900 + index)) }
            }
        }
        return campaign
    }
}
