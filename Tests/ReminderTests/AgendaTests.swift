import Foundation
import GRDB
import Mail
import Store
import Support
import Testing

@testable import Reminder

@Suite("The agenda")
struct AgendaTests {
    private static let due = Sample.moment("2026-12-17T08:00:00Z")

    @Test("a collection's reminders are planned once, and putting the same again changes nothing")
    func planning() async throws {
        let test = try TestAgenda()
        guard case .made(let made) = try await test.put() else { Issue.record("it was there already"); return }
        #expect(made.expiresAt == Sample.moment("2026-12-24T22:59:00Z"))
        test.time.advance(by: .seconds(60))
        guard case .unchanged(let again) = try await test.put() else { Issue.record("it changed"); return }
        #expect(again == made)
        #expect(try await test.kinds() == ["reminder.planned"])
        #expect(try await test.reminders().map(\.dueAt) == [Self.due])
        #expect(try await test.agenda.nextDue() == Self.due)
        let token = try await test.agenda.put(
            try Sample.document(["name": #""Other""#]), as: "smith", of: Sample.organization, ifVersion: "old")
        guard case .otherVersion = token else { Issue.record("an old version was overwritten"); return }
        #expect(try await test.agenda.collection("smith", of: "other") == nil)
    }

    @Test("another time of day or zone moves a reminder; another date withdraws it and plans a new one")
    func moves() async throws {
        let test = try TestAgenda()
        try await test.put()
        let first = try #require(try await test.reminders().first)
        try await test.put(["reminders": #"[{"daysBefore":7,"at":"10:30"}]"#])
        try await test.put(["reminders": #"[{"daysBefore":7,"at":"10:30"}]"#, "timeZone": #""America/New_York""#])
        #expect(try await test.kinds() == ["reminder.planned", "reminder.moved", "reminder.moved"])
        let moved = try #require(try await test.reminders().first)
        #expect(moved.id == first.id)
        #expect(moved.dueAt == Sample.moment("2026-12-17T15:30:00Z"))

        try await test.put(["expiresOn": #""2027-01-31""#])
        let after = try await test.reminders()
        #expect(after.map(\.state) == [.withdrawn, .planned])
        #expect(after[0].detail == "The collection now expires on 2027-01-31.")
        #expect(after[1].dueAt == Sample.moment("2027-01-24T08:00:00Z"))
        #expect(try await test.kinds().suffix(2) == ["reminder.withdrawn", "reminder.planned"])

        // Back again: the old one is planned anew, under the same name.
        try await test.put()
        #expect(try await test.reminders().map(\.state) == [.planned, .withdrawn])
        #expect(try await test.reminders()[0].id == first.id)
    }

    @Test("removing a collection withdraws its reminders, and nothing goes out")
    func removal() async throws {
        let test = try TestAgenda()
        try await test.put()
        try await test.put(as: "jones")
        #expect(try await test.agenda.remove("smith", of: "other") == false)
        #expect(try await test.agenda.remove("smith", of: Sample.organization))
        #expect(try await test.agenda.remove("smith", of: Sample.organization) == false)
        #expect(try await test.reminders().map(\.state) == [.withdrawn])
        #expect(try await test.reminders().first?.detail == "The collection was removed.")
        test.time.advance(to: Self.due)
        try await test.issueAll()
        #expect(try await test.submissions().count == 2)
        #expect(try await test.submissions().allSatisfy { $0.submission.collection == "jones" })
    }

    @Test("a reminder that is left out is withdrawn, one whose time has passed is skipped, each with its reason")
    func skipping() async throws {
        let test = try TestAgenda()
        try await test.put(["reminders": #"[{"daysBefore":30,"at":"09:00"},{"daysBefore":7,"at":"09:00"}]"#])
        #expect(try await test.reminders().map(\.state) == [.skipped, .planned])
        #expect(try await test.reminders()[0].detail == Plan.tooLate)
        try await test.put(["reminders": "[]"])
        #expect(try await test.reminders().map(\.state) == [.skipped, .withdrawn])
        #expect(try await test.reminders()[1].detail == "The collection no longer asks for it.")
        #expect(try await test.agenda.nextDue() == nil)
    }

    @Test("nothing is issued a microsecond early, and everything at the very moment, with what the collection says then")
    func issuing() async throws {
        let test = try TestAgenda()
        try await test.put()
        try await test.put(["name": #""Smith & Jones wedding""#, "subject": #""{{days}} days""#])
        test.time.advance(to: Self.due - .microseconds(1))
        try await test.issueAll()
        #expect(try await test.submissions().isEmpty)
        test.time.advance(to: Self.due)
        try await test.issueAll()
        try await test.issueAll()
        let sent = try await test.submissions()
        #expect(sent.count == 2)
        let ann = try #require(sent.first { $0.submission.recipients.first?.address == "ann@example.net" })
        #expect(ann.mailing == .derived(from: "reminder", "studio", "smith", "2026-12-24", "7", "ann@example.net"))
        #expect(ann.submission.kind == "reminder")
        #expect(ann.submission.name == "Reminder: Smith & Jones wedding")
        #expect(ann.submission.audience == .direct)
        #expect(ann.submission.subject == "{{days}} days")
        #expect(
            ann.submission.recipients[0].variables == [
                "collection": "Smith & Jones wedding", "link": "https://example.com/gallery/smith", "expires": "2026-12-24",
                "days": "7",
            ])
        let issued = try await test.facts().compactMap { fact -> ReminderMoved? in
            guard case .reminderIssued(let moved) = fact.body else { return nil }
            return moved
        }
        #expect(Set(issued.map(\.mailing)) == Set(sent.map(\.mailing)))
        #expect(Set(issued.compactMap(\.recipient)) == ["ann@example.net", "bob@example.org"])
        let entry = try #require(try await test.reminders().first)
        #expect(entry.state == .issued && entry.mailings.count == 2)

        // Issued once is issued for ever, whatever is put, removed and put again.
        try await test.put(["reminders": #"[{"daysBefore":7,"at":"23:00"}]"#])
        _ = try await test.agenda.remove("smith", of: Sample.organization)
        try await test.put(["reminders": #"[{"daysBefore":7,"at":"23:00"}]"#])
        test.time.advance(by: .seconds(86_400))
        try await test.issueAll()
        #expect(try await test.submissions().count == 2)
    }

    @Test("after a time without the service a reminder is issued late, with the days that are left, but not once it has expired")
    func late() async throws {
        let test = try TestAgenda()
        try await test.put()
        try await test.put(["expiresOn": #""2026-12-20""#], as: "jones")
        test.time.advance(to: Sample.moment("2026-12-22T12:00:00Z"))
        try await test.issueAll()
        let sent = try await test.submissions()
        #expect(sent.map(\.submission.collection) == ["smith", "smith"])
        #expect(sent.first?.submission.recipients[0].variables?["days"] == "2")
        #expect(try await test.reminders(of: "jones").map(\.state) == [.skipped])
        #expect(try await test.reminders(of: "jones").first?.detail?.contains("had expired") == true)
    }

    @Test("what a crash left between commit and publish waits in the outbox after it, once")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let before = try await Self.commit(in: folder)
        let second = try TestAgenda(at: Self.due + .seconds(1), folder: folder)
        try await second.agenda.replan(logger: Sample.logger)
        try await second.issueAll()
        #expect(try await second.submissions().map(\.mailing) == before)
        #expect(before.count == 2)
    }

    /// A life of the service that ends between commit and publish.
    private static func commit(in folder: TemporaryFolder) async throws -> [MailingID] {
        let test = try TestAgenda(folder: folder)
        try await test.put()
        test.time.advance(to: due)
        try await test.issueAll()
        let mailings = try await test.submissions().map(\.mailing)
        try test.agenda.store.close()
        return mailings
    }

    @Test("two reminders that run over the same collection make the same mailings, and a third on the same file does not start")
    func twoRuns() async throws {
        var runs: [[MailingID]] = []
        for _ in 0..<2 {
            let test = try TestAgenda()
            try await test.put()
            test.time.advance(to: Self.due)
            try await test.issueAll()
            runs.append(try await test.submissions().map(\.mailing))
            #expect(throws: StoreError.self) { try TestAgenda(folder: test.folder) }
        }
        #expect(runs[0] == runs[1])
        #expect(Set(runs[0]).count == 2)
    }

    @Test("a mailing that the scheduler refuses is told once; refused for everyone the reminder counts as skipped")
    func refusals() async throws {
        let test = try TestAgenda()
        try await test.put()
        test.time.advance(to: Self.due)
        try await test.issueAll()
        let mailings = try await test.submissions().map(\.mailing)
        func refusal(_ mailing: MailingID) -> Fact {
            Fact(
                id: .derived(from: mailing.description), organization: Sample.organization, occurredAt: Self.due,
                body: .mailingRefused(MailingRefused(mailing: mailing, problems: ["/subject: It is empty.", "/html: Bad."])))
        }
        try await test.agenda.learn([refusal(.derived(from: "someone else's"))])
        try await test.agenda.learn([refusal(mailings[0]), refusal(mailings[0])])
        try await test.agenda.learn([refusal(mailings[0])])
        let entry = try #require(try await test.reminders().first)
        #expect(entry.state == .issued)
        #expect(entry.mailings.compactMap(\.problem) == ["/subject: It is empty. /html: Bad."])
        #expect(try await test.kinds().filter { $0 == "reminder.skipped" }.count == 1)
        try await test.agenda.learn([refusal(mailings[1])])
        let skipped = try #require(try await test.reminders().first)
        #expect(skipped.state == .skipped)
        #expect(skipped.detail == "The scheduler refused it: /subject: It is empty. /html: Bad.")
        #expect(try await test.kinds().filter { $0 == "reminder.skipped" }.count == 2)
    }

    @Test("a changed zone moves what is planned at the next start")
    func zoneChange() async throws {
        let test = try TestAgenda()
        try await test.put()
        // As if the zone had been an hour further west when it was planned.
        try await test.agenda.store.write { database in
            try database.execute(sql: "UPDATE reminders SET due_at = due_at + 3600000000")
        }
        try await test.agenda.replan(logger: Sample.logger)
        try await test.agenda.replan(logger: Sample.logger)
        #expect(try await test.reminders().map(\.dueAt) == [Self.due])
        #expect(try await test.kinds() == ["reminder.planned", "reminder.moved"])
    }

    @Test("the loop sleeps until the next reminder is due, and wakes for one that is put meanwhile", .timeLimit(.minutes(1)))
    func loop() async throws {
        let test = try TestAgenda(at: Self.due - .seconds(50))
        try await test.put()
        let loop = Task { try await DueLoop(agenda: test.agenda, logger: Sample.logger).run() }
        defer { loop.cancel() }
        try await eventually("the loop sleeps") { test.time.sleepers == 1 }
        // 08:59:30 of the same day, twenty seconds on.
        try await test.put(["expiresOn": #""2026-12-17""#, "reminders": #"[{"daysBefore":0,"at":"09:00"}]"#], as: "jones")
        test.time.advance(by: .seconds(49))
        try await eventually("the loop sleeps") { test.time.sleepers == 1 }
        #expect(try await test.submissions().isEmpty)
        test.time.advance(by: .seconds(1))
        try await eventually("both reminders went out") { try await test.submissions().count == 4 }
    }

    @Test("lists run page by page, each organization's own")
    func pages() async throws {
        let test = try TestAgenda()
        for name in ["a", "b", "c"] { try await test.put(as: name) }
        _ = try await test.agenda.put(try Sample.document(), as: "x", of: "other")
        #expect(try await test.agenda.collections(of: Sample.organization, after: "a", atMost: 10).map(\.id) == ["b", "c"])
        let first = try await test.agenda.upcoming(of: Sample.organization, after: nil, atMost: 2)
        let last = try #require(first.last)
        let second = try await test.agenda.upcoming(of: Sample.organization, after: (last.dueAt, last.id), atMost: 2)
        #expect(Set((first + second).map(\.collection)) == ["a", "b", "c"])
        #expect(second.count == 1)
    }
}
