import Foundation
import GRDB
import Mail
import Store
import Testing

@testable import Tracker

@Suite struct ProjectionTests {
    /// Every projected row as text; what counts recordings (`number`, `fact` of the log) left out.
    private func picture(of store: StoreFile) async throws -> [String] {
        try await store.read { database in
            var lines: [String] = []
            let tables = [
                "mailings": "mailings.*", "deliveries": "deliveries.*", "links": "*", "days": "*", "kinds": "*", "collections": "*",
                "reminders": "*", "issues": "*",
            ]
            for (table, columns) in tables.sorted(by: { $0.key < $1.key }) {
                for row in try Row.fetchAll(database, sql: "SELECT \(columns) FROM \(table)") {
                    let text = row.filter { $0.0 != "fact" }.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
                    lines.append("\(table) \(text)")
                }
            }
            return lines.sorted()
        }
    }

    @Test("facts in any order, some of them twice, in batches of any size, make the same history", arguments: 1...6)
    func replay(seed: UInt64) async throws {
        var sample = Sample(seed: seed)
        let facts = try sample.story(mailings: 25)
        let straight = try Sample.store()
        try await straight.record(facts)
        let expected = try await picture(of: straight)
        #expect(expected.count > 100)

        var shuffled = facts + facts.shuffled(using: &sample.random).prefix(facts.count / 5)
        shuffled.shuffle(using: &sample.random)
        let other = try Sample.store()
        try await other.record(shuffled, together: Int.random(in: 1...60, using: &sample.random))
        #expect(try await picture(of: other) == expected)
        let logged = try await other.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM facts") }
        #expect(logged == facts.count)
    }

    @Test("at every moment each mailing's states add up to its recipients, and agree with its deliveries")
    func sums() async throws {
        var sample = Sample(seed: 7)
        let facts = try sample.story(mailings: 12).shuffled(using: &sample.random)
        let store = try Sample.store()
        for fact in facts {
            try await store.record([fact])
            let wrong = try await store.read { database in
                try Int.fetchOne(
                    database,
                    sql: """
                        SELECT count(*) FROM mailings m WHERE recipients != (SELECT count(*) FROM deliveries WHERE mailing = m.number)
                        OR delivered != (SELECT count(*) FROM deliveries WHERE mailing = m.number AND state = 'delivered')
                        OR bounced != (SELECT count(*) FROM deliveries WHERE mailing = m.number AND state = 'bounced')
                        OR pending != (SELECT count(*) FROM deliveries WHERE mailing = m.number AND state = 'pending')
                        """)
            }
            #expect(wrong == 0)
        }
        let sums = try await store.read { database in
            try #require(
                try Row.fetchOne(
                    database,
                    sql: """
                        SELECT (SELECT sum(recipients) FROM days), (SELECT sum(recipients) FROM mailings),
                            (SELECT sum(delivered) FROM days), (SELECT sum(delivered) FROM mailings),
                            (SELECT sum(read) FROM days), (SELECT sum(read) FROM mailings)
                        """)
            ).map { (_, value) in Int.fromDatabaseValue(value) ?? -1 }
        }
        #expect(sums[0] == sums[1] && sums[2] == sums[3] && sums[4] == sums[5])
        #expect(sums[4] > 0)
    }

    @Test("facts of another organization about a delivery change nothing in it")
    func foreign() async throws {
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"])
        let delivery = accepted.recipients[0].delivery
        let store = try Sample.store()
        let moved = DeliveryMoved(delivery: delivery, mailing: accepted.mailing, attempt: 1)
        var stranger = Sample(seed: 9, organization: "other")
        try await store.record([
            sample.fact(.mailingAccepted(accepted)), stranger.fact(.deliveryCancelled(moved)),
            stranger.fact(.messageOpened(MessageOpened(delivery: delivery, userAgent: Sample.gmail))),
        ])
        let row = try #require(try await History(store: store).mailing(accepted.mailing, of: "acme")?.deliveries.first)
        #expect(row.state == .scheduled)
        #expect(row.views.hits.all == 0)
        #expect(try await History(store: store).mailing(accepted.mailing, of: "other") == nil)
        #expect(try await History(store: store).timeline(of: delivery, organization: "other") == nil)
    }

    @Test("a delivery named twice, in one mailing or in two, is one delivery, and the sums hold")
    func twice() async throws {
        var sample = Sample()
        var first = try sample.accepted(to: ["ann@example.net", "bob@example.net"])
        first.recipients.append(first.recipients[0])
        var second = try sample.accepted(to: ["cy@example.net"])
        second.recipients.append(first.recipients[1])
        let store = try Sample.store()
        try await store.record([sample.fact(.mailingAccepted(first)), sample.fact(.mailingAccepted(second))])
        let page = try await History(store: store).emails(of: "acme")
        #expect(page.items.map(\.recipients) == [1, 2])
    }
}
