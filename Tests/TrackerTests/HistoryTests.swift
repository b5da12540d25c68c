import Foundation
import Mail
import Store
import Testing

@testable import Tracker

@Suite struct HistoryTests {
    @Test("pages follow one another without gap or repetition, newest first", arguments: [1, 7, 50])
    func paging(size: Int) async throws {
        var sample = Sample()
        let store = try Sample.store()
        let facts = try sample.story(mailings: 40)
        try await store.record(facts)
        let history = History(store: store)
        var seen: [EmailRow] = []
        var cursor: Cursor?
        repeat {
            let page = try await history.emails(of: "acme", cursor: cursor, limit: size)
            seen += page.items
            cursor = page.next
        } while cursor != nil
        #expect(seen.count == 40)
        #expect(Set(seen.map(\.id)).count == 40)
        #expect(seen.map(\.acceptedAt) == seen.map(\.acceptedAt).sorted(by: >))
        #expect(seen.allSatisfy { $0.states.values.reduce(0, +) == $0.recipients })
    }

    @Test(
        "each filter finds exactly what fits",
        arguments: [
            (EmailFilter(words: "photos wedding"), ["a"]), (EmailFilter(words: "PHOTOS"), ["a", "b"]),
            (EmailFilter(words: "写真"), ["c"]), (EmailFilter(words: "日本の写真"), ["c"]), (EmailFilter(words: "\"OR\" * NEAR("), []),
            (EmailFilter(words: "100%"), ["b"]), (EmailFilter(recipient: "ann@"), ["a", "c"]),
            (EmailFilter(recipient: "photos"), []),
            (EmailFilter(kind: "campaign"), ["b"]), (EmailFilter(collection: "smith"), ["a"]),
            (EmailFilter(status: .state(.delivered)), ["a"]), (EmailFilter(status: .read), ["a"]),
            (EmailFilter(status: .untracked), ["c"]), (EmailFilter(status: .state(.bounced)), []),
            (EmailFilter(words: "photos", status: .state(.scheduled), kind: "campaign"), ["b"]),
        ])
    func filters(filter: EmailFilter, expected: [String]) async throws {
        var sample = Sample()
        let a = try sample.accepted(
            to: ["ann@example.net"], name: "Smith wedding a", subject: "Your photos", collection: "smith")
        let b = try sample.accepted(to: ["bob@example.org"], kind: "campaign", name: "b", subject: "All photos 100% off")
        let c = try sample.accepted(
            to: ["ann@example.net"], name: "c", subject: "日本の写真", track: Tracking(opens: false, clicks: false))
        let ended = AttemptEnded(delivery: a.recipients[0].delivery, mailing: a.mailing, attempt: 1, session: sample.id())
        let store = try Sample.store()
        try await store.record([
            sample.fact(.mailingAccepted(a)), sample.fact(.mailingAccepted(b)), sample.fact(.mailingAccepted(c)),
            sample.fact(.attemptDelivered(ended)),
            sample.fact(.messageOpened(MessageOpened(delivery: a.recipients[0].delivery, userAgent: Sample.gmail))),
        ])
        let found = try await History(store: store).emails(of: "acme", filter: filter).items
        #expect(Set(found.map { String($0.name.suffix(1)) }) == Set(expected))
        #expect(try await History(store: store).emails(of: "other", filter: filter).items.isEmpty)
    }

    @Test("a mailing's page has its content, its deliveries with reasons in words, and its links")
    func detail() async throws {
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net", "bob@example.net"])
        let (ann, bob) = (accepted.recipients[0].delivery, accepted.recipients[1].delivery)
        let session: SessionID = sample.id()
        let store = try Sample.store()
        let full = Verdict(class: .soft, reason: .mailboxFull, certain: true)
        let facts = [
            sample.fact(.mailingAccepted(accepted)),
            sample.fact(.attemptStarted(AttemptStarted(delivery: ann, mailing: accepted.mailing, attempt: 1, session: session))),
            sample.fact(
                .attemptDeferred(
                    AttemptEnded(
                        delivery: ann, mailing: accepted.mailing, attempt: 1, session: session,
                        reply: ServerReply(code: 452, enhanced: "4.2.2", text: "<b>full</b>"), verdict: full, peer: "mx:25",
                        transcript: "S: 452 4.2.2 full"))),
            sample.fact(.attemptDelivered(AttemptEnded(delivery: bob, mailing: accepted.mailing, attempt: 1, session: session))),
            sample.fact(
                .linkClicked(LinkClicked(delivery: bob, link: 0, target: "https://a.example/", userAgent: Sample.thunderbird))),
            sample.fact(.linkClicked(LinkClicked(delivery: bob, link: 0, target: "https://a.example/", userAgent: Sample.scanner))),
        ]
        try await store.record(facts)
        let history = History(store: store)
        let detail = try #require(try await history.mailing(accepted.mailing, of: "acme"))
        #expect(detail.content == accepted.content)
        let (first, second) = (detail.deliveries[0], detail.deliveries[1])
        #expect(first.state == .deferred)
        #expect(first.reason?.sentence == "The recipient's mailbox is full.")
        #expect(first.retryUntil == facts[2].occurredAt + .seconds(72 * 3600))
        #expect(second.state == .delivered && second.isRead, "A click implies that it was read.")
        #expect(second.clicks == Hits(all: 2, people: 1))
        #expect(detail.links == [LinkRow(target: "https://a.example/", clicks: Hits(all: 2, people: 1))])
        #expect(detail.row.clicks == Hits(all: 2, people: 1) && detail.row.read == 1)

        let timeline = try #require(try await history.timeline(of: bob, organization: "acme"))
        #expect(timeline.entries.map(\.fact.kind) == [.mailingAccepted, .attemptDelivered, .linkClicked, .linkClicked])
        #expect(timeline.entries.last?.client?.kind == .machine)
    }

    @Test("a delivery that is given up tells every attempt, until when it was tried, what the server said last, and what to do")
    func expired() async throws {
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"])
        let ann = accepted.recipients[0].delivery
        let session: SessionID = sample.id()
        let store = try Sample.store()
        let history = History(store: store)
        func moved(_ attempt: Int) -> DeliveryMoved { DeliveryMoved(delivery: ann, mailing: accepted.mailing, attempt: attempt) }
        func asked(_ attempt: Int) -> AttemptEnded {
            AttemptEnded(
                delivery: ann, mailing: accepted.mailing, attempt: attempt, session: session,
                reply: ServerReply(code: 451, enhanced: "4.7.1", text: "<b>Come back later</b> \(attempt)"),
                verdict: Verdict(class: .transient, reason: .greylisted, certain: true))
        }
        try await store.record([sample.fact(.mailingAccepted(accepted))])
        let first = sample.fact(.attemptDeferred(asked(1)))
        let until = first.occurredAt + .seconds(72 * 3600)
        try await store.record([first])
        for attempt in 2...4 {
            #expect(try await row(of: accepted.mailing, in: history)?.state == .deferred)
            #expect(try await row(of: accepted.mailing, in: history)?.retryUntil == until)
            #expect(
                try await row(of: accepted.mailing, in: history)?.reason?.detail
                    == "451 4.7.1 <b>Come back later</b> \(attempt - 1)")
            try await store.record([sample.fact(.deliveryPending(moved(attempt)))])
            #expect(try await row(of: accepted.mailing, in: history)?.state == .pending)
            #expect(
                try await row(of: accepted.mailing, in: history)?.retryUntil == until, "The 72 hours count from the first deferral."
            )
            try await store.record([sample.fact(.attemptDeferred(asked(attempt)))])
        }
        try await store.record([sample.fact(.deliveryExpired(moved(4)))])
        let last = try #require(try await row(of: accepted.mailing, in: history))
        #expect((last.state, last.attempts, last.retryUntil) == (.bounced, 4, nil))
        #expect((last.reason?.code, last.reason?.bounceClass) == ("expired", .transient))
        #expect(last.reason?.detail == "451 4.7.1 <b>Come back later</b> 4")
        #expect(last.reason?.advice == BounceReason.expired.advice(for: .transient))
        let timeline = try #require(try await history.timeline(of: ann, organization: "acme"))
        #expect(timeline.entries.filter { $0.fact.kind == .attemptDeferred }.count == 4)
        #expect(timeline.entries.last?.fact.kind == .deliveryExpired)
    }

    private func row(of mailing: MailingID, in history: History) async throws -> DeliveryRow? {
        let detail = try await history.mailing(mailing, of: "acme")
        return detail?.deliveries.first
    }

    @Test("views tell the first, the last, how many, and the program used last")
    func views() async throws {
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"])
        let delivery = accepted.recipients[0].delivery
        let opens = [Sample.gmail, Sample.scanner, Sample.thunderbird].map { agent in
            sample.fact(.messageOpened(MessageOpened(delivery: delivery, userAgent: agent)))
        }
        let store = try Sample.store()
        try await store.record([opens[2], opens[0], sample.fact(.mailingAccepted(accepted)), opens[1]], together: 1)
        let row = try #require(try await History(store: store).mailing(accepted.mailing, of: "acme")?.deliveries.first)
        #expect(row.views.first == opens[0].occurredAt && row.views.last == opens[2].occurredAt)
        #expect(row.views.hits == Hits(all: 3, people: 2))
        #expect(row.views.client == "Thunderbird")
    }

    @Test("the overview shows what failed, what was refused, and figures of days and periods that add up")
    func overview() async throws {
        var sample = Sample(seed: 3)
        let store = try Sample.store()
        try await store.record(try sample.story(mailings: 60))
        let history = History(store: store)
        let overview = try await history.overview(of: "acme", now: sample.now)
        #expect(overview.failureCount > 5)
        #expect(overview.failures.count == min(20, overview.failureCount))
        #expect(overview.refusals.map(\.problems) == [["There are 151 recipients."]])
        #expect(overview.days.count == 90 && overview.periods.map(\.days) == [1, 7, 30, 90])
        #expect(overview.periods[3].figures.mailings == 60)
        #expect(overview.days.map(\.figures.mailings).reduce(0, +) == 60)
        #expect(overview.latest.count == 10)
        let collections = try await history.collections(of: "acme", limit: 1)
        #expect(collections.items.count == 1 && collections.next != nil)
        let rest = try await history.collections(of: "acme", cursor: collections.next)
        #expect((collections.items + rest.items).map(\.mailings).reduce(0, +) == 30)
        let reminders = try await history.reminders(of: "acme", from: Sample.start, until: sample.now)
        #expect(reminders.count == 15 && reminders.allSatisfy { $0.state == .issued && $0.mailings.count == 1 })
        #expect(try await history.kinds(of: "acme") == ["invite", "reminder"])
    }
}
