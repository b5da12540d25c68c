import Broker
import Foundation
import GRDB
import Mail
import Support
import Testing

@testable import Store

struct OutboxPageTests {
    private func page(_ rig: Rig, after cursor: Int64 = 0, without skipped: Set<Int64> = []) async throws -> OutboxPage? {
        try await rig.store.read { try OutboxPage.read(after: cursor, without: skipped, app: "scheduler", in: $0) }
    }

    @Test("facts of one kind travel together, in order, and messages go alone")
    func grouping() async throws {
        let rig = try Rig()
        let facts = (0..<10).map { number in number % 2 == 0 ? Fact.pending(number) : .scheduled(number) }
        let ticket = Message.test("ticket")
        try await rig.store.write { database in
            try Outbox.put(Array(facts[..<5]), in: database)
            try Outbox.put(ticket, to: Names.commands, routingKey: Names.ticketKey, in: database)
            try Outbox.put(Array(facts[5...]), in: database)
        }
        #expect(try await rig.store.read { try Outbox.count(in: $0) } == 11)
        let page = try #require(try await page(rig))
        #expect(page.parcels.map(\.routingKey) == ["delivery.pending", "delivery.scheduled", Names.ticketKey])
        #expect(page.parcels.map(\.rows) == [[1, 5], [2, 4], [3]])
        #expect(page.last == 5)
        #expect(page.parcels[2].message == ticket)
        #expect(page.parcels[2].exchange == Names.commands)
        let message = page.parcels[0].message
        #expect(message.app == "scheduler")
        #expect(message.timestamp == facts[8].occurredAt)
        #expect(message.isPersistent)
        #expect(
            try Wire.facts(kind: message.type, version: message.version, body: message.body)
                == stride(from: 0, to: 10, by: 2).map { facts[$0] })
    }

    @Test("every property of a message survives the wait")
    func properties() async throws {
        let rig = try Rig()
        var message = Message.test("mailing.submit")
        message.version = nil
        message.timestamp = nil
        message.headers = ["waybill-organization": "studio", "x": "ü\"\n"]
        message.replyTo = "amq.gen-x"
        message.correlationID = "7"
        message.isPersistent = false
        message.contentType = "text/plain"
        message.body = Data([0, 255, 10])
        let sent = message
        try await rig.store.write { try Outbox.put(sent, to: "", routingKey: "amq.gen-x", in: $0) }
        let page = try #require(try await page(rig))
        #expect(page.parcels.map(\.message) == [sent])
    }

    @Test("no message carries more facts than one may, nor much more than a megabyte")
    func bounds() async throws {
        let rig = try Rig()
        try await rig.store.write { database in
            try Outbox.put((0..<600).map { Fact.pending($0) }, in: database)
            for number in 0..<5 {
                try Outbox.put([Fact.scheduled(number, by: String(repeating: "x", count: 400_000))], in: database)
            }
        }
        let page = try #require(try await page(rig))
        func counts(_ kind: Fact.Kind) throws -> [Int] {
            try page.parcels.filter { $0.routingKey == kind.rawValue }.map {
                try Wire.facts(kind: kind.rawValue, version: 1, body: $0.message.body).count
            }.sorted()
        }
        #expect(try counts(.deliveryPending) == [88, 256, 256])
        #expect(try counts(.deliveryScheduled) == [1, 2, 2])
        #expect(page.parcels.flatMap(\.rows).sorted() == Array(1...8))
    }

    @Test("a page stays small in memory, and the next one goes on where it ended")
    func paging() async throws {
        let rig = try Rig()
        for number in 0..<12 {
            try await rig.store.write {
                try Outbox.put([Fact.scheduled(number, by: String(repeating: "x", count: 1 << 20))], in: $0)
            }
        }
        var rows: [Int64] = []
        var cursor: Int64 = 0
        var pages = 0
        while let page = try await page(rig, after: cursor) {
            rows += page.parcels.flatMap(\.rows)
            cursor = page.last
            pages += 1
        }
        #expect(rows == Array(1...12))
        #expect(pages == 2)
    }

    @Test("rows to be passed over are passed over, and the page after them is found")
    func skipping() async throws {
        let rig = try Rig()
        for number in 0..<4 { try await rig.store.write { try Outbox.put([Fact.pending(number)], in: $0) } }
        let some = try #require(try await page(rig, without: [1, 3]))
        #expect(some.parcels.map(\.rows) == [[2, 4]])
        let none = try #require(try await page(rig, without: [1, 2, 3, 4]))
        #expect(none.parcels.isEmpty && none.last == 4)
    }

    @Test("what a write that throws had put is not in the outbox")
    func undone() async throws {
        struct Refusal: Error {}
        let rig = try Rig()
        await #expect(throws: Refusal.self) {
            try await rig.store.write { database in
                try Outbox.put([Fact.pending(1)], in: database)
                throw Refusal()
            }
        }
        #expect(try await rig.store.read { try Outbox.count(in: $0) } == 0)
    }

    @Test("an id is admitted once, and forgotten when it is old")
    func inbox() async throws {
        let rig = try Rig()
        let ids = (0..<3).map { FactID(high: 7, low: UInt64($0)) }
        let times = (0..<3).map { Timestamp(microseconds: Int64($0) * 1_000_000) }
        for (id, time) in zip(ids, times) {
            #expect(try await rig.store.write { try Inbox.admit(id, at: time, in: $0) })
            #expect(try await rig.store.write { try !Inbox.admit(id, at: time, in: $0) })
        }
        try await rig.store.write { try Inbox.forget(before: times[2], in: $0) }
        let again = try await rig.store.write { database in try ids.map { try Inbox.admit($0, at: times[2], in: database) } }
        #expect(again == [true, true, false])
    }
}
