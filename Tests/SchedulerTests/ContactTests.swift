import Foundation
import GRDB
import Mail
import Runtime
import Store
import Support
import Testing

@testable import Scheduler

@Suite("Unsubscribing")
struct ContactTests {
    private let test: TestLedger

    init() throws { test = try TestLedger() }

    private func note(
        _ unsubscribed: Bool, _ contact: Command.ContactReference, of organization: String = Samples.organization,
        after seconds: Int = 0
    ) async throws -> Bool? {
        try await test.ledger.note(unsubscribed: unsubscribed, contact, of: organization, at: test.time.now + .seconds(seconds))
    }

    private func submit(_ audience: Audience, to addresses: String...) async throws -> [DeliveryState] {
        try await test.submit(to: addresses) { $0.audience = audience }.deliveries.map(\.state)
    }

    /// The facts about contacts, in order.
    private func changes() async throws -> [Fact] {
        try await test.ledger.store.read { database in
            try Data.fetchAll(database, sql: "SELECT body FROM outbox WHERE routing_key LIKE 'contact.%' ORDER BY id")
        }.map { try Wire.decode(Fact.self, from: $0) }
    }

    @Test("mass mail to whoever unsubscribed is dropped, in whatever case it is written; direct mail and other people's goes")
    func admission() async throws {
        let first = try await test.submit(to: ["Ann@example.net"])
        #expect(try await note(true, .delivery(try test.firstDelivery(first))) == true)
        #expect(try await submit(.mass, to: "ann@Example.net", "bob@example.net") == [.dropped, .pending])
        #expect(try await submit(.direct, to: "ann@example.net") == [.pending])
        let dropped = try await test.ledger.store.read { database in
            try Data.fetchOne(database, sql: "SELECT body FROM outbox WHERE routing_key = 'delivery.dropped'")
        }
        guard case .deliveryDropped(let body) = try Wire.decode(Fact.self, from: dropped ?? Data()).body else {
            Issue.record("no fact")
            return
        }
        #expect(body.reason == .unsubscribed)
    }

    @Test("what waits to be sent at a later time is dropped as well, when its time has come")
    func scheduled() async throws {
        let summary = try await test.submit { $0.sendAt = "2026-12-02T08:00:00Z" }
        let delivery = try test.firstDelivery(summary)
        #expect(try await note(true, .address(try Samples.address("ann@example.net"))) == true)
        test.time.advance(by: .seconds(86_400))
        _ = try await test.ledger.advanceDue(atMost: 10)
        let answer = try await test.claim(delivery, by: .fresh())
        #expect(answer.jobs.isEmpty && answer.refusals.map(\.reason) == [.finished])
        #expect(try await test.states(summary.id) == [.dropped])
        #expect(try await test.kinds().last == "delivery.dropped")
    }

    @Test("what a sender has claimed already goes out: the claim won")
    func claimed() async throws {
        let summary = try await test.submit()
        let delivery = try test.firstDelivery(summary)
        let session = SessionID.fresh()
        #expect(try await test.claim(delivery, by: session).jobs.count == 1)
        #expect(try await note(true, .delivery(delivery)) == true)
        #expect(try await test.claim(delivery, by: session).jobs.count == 1)
        #expect(try await test.states(summary.id) == [.sending])
    }

    @Test("one organization's mail says nothing about another's")
    func organizations() async throws {
        let summary = try await test.submit()
        let delivery = try test.firstDelivery(summary)
        #expect(try await note(true, .delivery(delivery), of: "others") == nil)
        #expect(try await note(true, .address(try Samples.address("ann@example.net")), of: "others") == true)
        #expect(try await submit(.mass, to: "ann@example.net") == [.pending])
    }

    @Test("coming back is told on the mail through which they left, and mass mail goes again")
    func back() async throws {
        let first = try await test.submit()
        let second = try await test.submit()
        let left = try test.firstDelivery(first)
        #expect(try await note(true, .delivery(left), after: 1) == true)
        #expect(try await note(true, .delivery(try test.firstDelivery(second)), after: 2) == true)
        #expect(try await note(false, .delivery(try test.firstDelivery(second)), after: 3) == true)
        #expect(try await submit(.mass, to: "ann@example.net") == [.pending])
        let changed = ContactChanged(address: "ann@example.net", delivery: left, mailing: first.id)
        #expect(try await changes().map(\.body) == [.contactUnsubscribed(changed), .contactResubscribed(changed)])
        #expect(try await changes().map(\.occurredAt) == [test.time.now + .seconds(1), test.time.now + .seconds(3)])
    }

    @Test("wishes that come twice, late or out of order change nothing: the latest moment counts")
    func order() async throws {
        let contact = Command.ContactReference.delivery(try test.firstDelivery(try await test.submit()))
        #expect(try await note(false, contact, after: 20) == true)
        #expect(try await note(true, contact, after: 10) == false)
        #expect(try await changes().isEmpty)
        #expect(try await note(true, contact, after: 30) == true)
        #expect(try await note(true, contact, after: 30) == false)
        #expect(try await note(false, contact, after: 29) == false)
        #expect(try await changes().map(\.kind) == [.contactUnsubscribed])
    }

    @Test("a wish from the far future does not shut out those that follow")
    func future() async throws {
        let contact = Command.ContactReference.address(try Samples.address("ann@example.net"))
        #expect(try await note(true, contact, after: 1_000_000_000) == true)
        test.time.advance(by: .seconds(1))
        #expect(try await note(false, contact) == true)
    }

    @Test("a delivery that is not there, or to no address, has nobody to unsubscribe")
    func nobody() async throws {
        #expect(try await note(true, .delivery(.fresh())) == nil)
        #expect(try await note(true, .delivery(try test.firstDelivery(try await test.submit(to: ["bad@"])))) == nil)
        #expect(try await test.count("contacts") == 0)
    }
}
