import Foundation
import Logging
import Mail
import Store

@testable import Tracker

/// A generator that gives the same numbers for the same seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Facts and files for tests.
struct Sample {
    static let start = Timestamp("2026-11-02T08:00:00Z") ?? Timestamp(microseconds: 0)
    static let secret = "a secret of the tests, more than 32 bytes long"
    static let gmail = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    static let thunderbird = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.3.0"
    static let scanner = "Mozilla/5.0 (compatible; Proofpoint URL Defense)"

    var random: Seeded
    var now = Sample.start
    let organization: String

    init(seed: UInt64 = 1, organization: String = "acme") {
        random = Seeded(seed)
        self.organization = organization
    }

    mutating func id<Subject>() -> ID<Subject> { .v7(at: now, random: &random) }

    /// A fact, a second after the one before.
    mutating func fact(_ body: Fact.Body) -> Fact {
        now = now + .seconds(1)
        return Fact(id: id(), organization: organization, occurredAt: now, body: body)
    }

    mutating func accepted(
        to addresses: [String], kind: String = "invite", name: String = "Smith wedding", subject: String = "Your photos, {{name}}",
        collection: String? = nil, track: Tracking = Tracking()
    ) throws -> MailingAccepted {
        let recipients = addresses.map { address in
            MailingAccepted.Recipient(delivery: id(), address: address, name: nil, role: .to, variables: ["name": "Ann"])
        }
        return MailingAccepted(
            mailing: id(), kind: kind, name: name, audience: .direct, collection: collection, sendAt: nil, whenUncertain: .resend,
            content: Content(
                from: Mailbox(address: try EmailAddress("studio@example.com"), name: "Studio"), replyTo: nil, subject: subject,
                html: "<p>Hello {{name}}</p>", text: nil, to: [], cc: [], attachments: [], track: track),
            recipients: recipients)
    }

    /// Everything that happens to a delivery whose life the random numbers choose.
    mutating func life(of delivery: DeliveryID, in mailing: MailingID) -> [Fact] {
        let session: SessionID = id()
        func ended(_ attempt: Int, _ verdict: Verdict? = nil) -> AttemptEnded {
            AttemptEnded(
                delivery: delivery, mailing: mailing, attempt: attempt, session: session,
                reply: verdict.map { _ in ServerReply(code: 452, enhanced: "4.2.2", text: "full") }, verdict: verdict,
                transcript: "S: 220 hello\nC: EHLO us")
        }
        func moved(_ attempt: Int) -> DeliveryMoved { DeliveryMoved(delivery: delivery, mailing: mailing, attempt: attempt) }
        var facts: [Fact] = []
        if Int.random(in: 0..<12, using: &random) == 0 {
            return [fact(.deliveryFailed(DeliveryFailed(delivery: delivery, mailing: mailing, reason: .invalidAddress)))]
        }
        facts.append(fact(.deliveryPending(moved(1))))
        if Int.random(in: 0..<12, using: &random) == 0 { return facts + [fact(.deliveryCancelled(moved(1)))] }
        for attempt in 1...3 {
            facts.append(
                fact(.attemptStarted(AttemptStarted(delivery: delivery, mailing: mailing, attempt: attempt, session: session))))
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                facts.append(fact(.attemptDeferred(ended(attempt, Verdict(class: .soft, reason: .mailboxFull, certain: true)))))
                facts.append(fact(.deliveryPending(moved(attempt + 1))))
            case 1:
                return facts + [
                    fact(.attemptBounced(ended(attempt, Verdict(class: .hard, reason: .addressUnknown, certain: true))))
                ]
            case 2:
                return facts + [fact(.attemptUncertain(ended(attempt)))]
            default:
                facts.append(fact(.attemptDelivered(ended(attempt))))
                for _ in 0..<Int.random(in: 0..<4, using: &random) { facts.append(hit(on: delivery)) }
                return facts
            }
        }
        return facts
    }

    private mutating func hit(on delivery: DeliveryID) -> Fact {
        let agents = [Sample.gmail, Sample.thunderbird, Sample.scanner, nil]
        let agent = agents[Int.random(in: 0..<agents.count, using: &random)]
        return Bool.random(using: &random)
            ? fact(.messageOpened(MessageOpened(delivery: delivery, userAgent: agent)))
            : fact(.linkClicked(LinkClicked(delivery: delivery, link: 0, target: "https://example.com/gallery", userAgent: agent)))
    }

    /// A history of so many mailings, with reminders and a refusal among them.
    mutating func story(mailings: Int) throws -> [Fact] {
        var facts: [Fact] = []
        for number in 0..<mailings {
            let addresses = (0..<Int.random(in: 1...6, using: &random)).map { "guest\($0)@example.net" }
            let accepted = try accepted(
                to: addresses, kind: number % 3 == 0 ? "reminder" : "invite",
                collection: number % 2 == 0 ? "smith-\(number % 4)" : nil)
            facts.append(fact(.mailingAccepted(accepted)))
            for recipient in accepted.recipients { facts += life(of: recipient.delivery, in: accepted.mailing) }
            if number % 4 == 0 {
                var reminder = ReminderMoved(
                    reminder: id(), collection: "smith-0", expiresOn: "2026-12-24", daysBefore: 7, dueAt: now)
                facts.append(fact(.reminderPlanned(reminder)))
                reminder.mailing = accepted.mailing
                facts.append(fact(.reminderIssued(reminder)))
            }
        }
        facts.append(fact(.mailingRefused(MailingRefused(mailing: id(), problems: ["There are 151 recipients."]))))
        return facts
    }

    static func store(_ name: String = "tracker", in folder: URL = temporaryFolder()) throws -> StoreFile {
        try StoreFile.open(
            in: folder, name: name, migrations: name == "tracker" ? Schema.migrations : [], logger: Logger(label: "test"))
    }

    static func temporaryFolder() -> URL {
        FileManager.default.temporaryDirectory.appending(path: "waybill-tracker-\(UUID().uuidString)")
    }
}

extension StoreFile {
    /// Records facts as the recorder does, so many in one transaction.
    func record(_ facts: [Fact], together: Int = 100) async throws {
        for start in stride(from: 0, to: facts.count, by: together) {
            let entries = try facts[start..<min(start + together, facts.count)].map {
                FactLog.Entry(fact: $0, text: String(decoding: try Wire.encode($0), as: UTF8.self))
            }
            _ = try await write { database in try Projection.record(entries, at: Sample.start, in: database) }
        }
    }
}
