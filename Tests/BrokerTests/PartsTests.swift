import Foundation
import Mail
import Testing

@testable import Broker

@Suite("Broker addresses")
struct BrokerAddressTests {
    @Test(
        "an AMQP URL says it all",
        arguments: [
            ("amqp://rabbit", "rabbit", 5672, "guest", "guest", "/", false),
            ("amqp://rabbit/", "rabbit", 5672, "guest", "guest", "/", false),
            ("amqps://ann:s%40crt@rabbit.example.com/mail", "rabbit.example.com", 5671, "ann", "s@crt", "mail", true),
            ("amqp://[::1]:7000/%2Fa%2Fb", "::1", 7000, "guest", "guest", "/a/b", false),
        ])
    func reading(url: String, host: String, port: Int, user: String, password: String, virtualHost: String, usesTLS: Bool) throws {
        let address = try BrokerAddress(url)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.user == user)
        #expect(address.password == password)
        #expect(address.virtualHost == virtualHost)
        #expect(address.usesTLS == usesTLS)
    }

    @Test(
        "a URL that cannot be used is refused without being repeated",
        arguments: [
            "", "rabbit", "http://secret@rabbit", "amqp://", "amqp://u:secret@", "amqp://u:secret@rabbit:0",
            "amqp://u:secret@rabbit:70000",
            "amqp://u:secret@rabbit/a/b", "amqp://u:secret@rabbit/?heartbeat=1", "amqp://u:secret%00@rabbit",
            "amqp://u:secret@\(String(repeating: "a", count: 300))",
        ])
    func refusal(url: String) {
        let error = #expect(throws: BrokerError.self) { try BrokerAddress(url) }
        #expect(error?.description.contains("secret") == false)
        #expect(error?.description.contains("WAYBILL_AMQP_URL") == true)
    }
}

@Suite("Waiting to reconnect")
struct BackoffTests {
    @Test("waits double up to the ceiling", arguments: [(1, 200), (2, 400), (4, 1600), (5, 3200), (6, 4000), (100, 4000)])
    func doubling(tries: Int, milliseconds: Int) {
        var backoff = Backoff(ceiling: .seconds(4))
        for _ in 1..<tries { _ = backoff.wait(chance: 1) }
        #expect(backoff.wait(chance: 1) == .milliseconds(milliseconds))
        #expect(backoff.wait(chance: 0) == .zero)
    }

    @Test("only a minute of health makes waits short again", arguments: [(59, 800), (60, 200)])
    func health(seconds: Int, milliseconds: Int) {
        var backoff = Backoff(ceiling: .seconds(4))
        for _ in 1...2 { _ = backoff.wait(chance: 1) }
        backoff.note(healthyFor: .seconds(seconds))
        #expect(backoff.wait(chance: 1) == .milliseconds(milliseconds))
    }
}

@Suite("Settling deliveries")
struct SettlementsTests {
    @Test(
        "acks go together only where nothing before is open",
        arguments: [
            ([1], [.ack(tag: 1, multiple: false)]),
            ([1, 2, 3], [.ack(tag: 3, multiple: true)]),
            ([3, 2, 1], [.ack(tag: 3, multiple: true)]),
            ([2, 4], [.ack(tag: 2, multiple: false), .ack(tag: 4, multiple: false)]),
            ([1, 2, 5], [.ack(tag: 2, multiple: true), .ack(tag: 5, multiple: false)]),
            ([1, 1, 1], [.ack(tag: 1, multiple: false)]),
            ([0, 7, 99], []),
        ] as [([UInt64], [Settlements.Order])])
    func together(tags: [UInt64], orders: [Settlements.Order]) {
        var settlements = Settlements()
        for tag in 1...UInt64(6) {
            let isDue = settlements.open(tag)
            #expect(isDue)
        }
        for tag in tags { settlements.settle(tag, .ack) }
        #expect(settlements.takeOrders() == orders)
        #expect(settlements.takeOrders().isEmpty)
    }

    @Test("a multiple ack ends at a message that the broker still waits for")
    func lastIsOpenToTheBroker() {
        var settlements = Settlements()
        for tag in 1...UInt64(4) { _ = settlements.open(tag) }
        settlements.settle(3, .ack)
        #expect(settlements.takeOrders() == [.ack(tag: 3, multiple: false)])
        settlements.settle(1, .ack)
        settlements.settle(2, .ack)
        // Tag 3 is told already; naming it again would cost the channel.
        #expect(settlements.takeOrders() == [.ack(tag: 2, multiple: true)])
    }

    @Test("what is given back is named alone, and does not stop the acks around it")
    func requeue() {
        var settlements = Settlements()
        for tag in 1...UInt64(3) { _ = settlements.open(tag) }
        settlements.settle(2, .requeue)
        settlements.settle(2, .ack)
        settlements.settle(1, .ack)
        settlements.settle(3, .ack)
        #expect(settlements.takeOrders() == [.requeue(tag: 2), .ack(tag: 3, multiple: true)])
        #expect(settlements.openCount == 0)
    }

    @Test("whatever the order, every message is settled once and only when asked")
    func anyOrder() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var settlements = Settlements()
            var broker = Set(1...UInt64(50))
            var asked: Set<UInt64> = []
            for tag in 1...UInt64(50) { _ = settlements.open(tag) }
            for tag in (1...UInt64(50)).shuffled(using: &random) {
                settlements.settle(tag, Bool.random(using: &random) ? .ack : .requeue)
                asked.insert(tag)
                guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
                for order in settlements.takeOrders() {
                    let gone: Set<UInt64> =
                        switch order {
                        case .requeue(let tag), .ack(let tag, multiple: false): [tag]
                        case .ack(let tag, multiple: true): broker.filter { $0 <= tag }
                        }
                    #expect(gone.isSubset(of: asked))
                    #expect(!gone.isEmpty && gone.isSubset(of: broker))
                    broker.subtract(gone)
                }
                #expect(broker.isDisjoint(with: asked))
            }
        }
    }

    @Test("a tag out of order is noticed", arguments: [0, 2, UInt64.max])
    func gap(tag: UInt64) {
        var settlements = Settlements()
        let isDue = settlements.open(tag)
        #expect(!isDue)
    }
}

@Suite("Waiting for confirms")
struct ConfirmWindowTests {
    private func window(_ count: Int) -> (ConfirmWindow, [Outgoing]) {
        var window = ConfirmWindow()
        let all = (0..<count).map { Outgoing(.test(body: "\($0)"), to: "x", routingKey: "\($0)", waiters: []) }
        all.forEach { window.append($0) }
        return (window, all)
    }

    @Test(
        "a confirm settles what it names",
        arguments: [
            ([(1, false)], [0]), ([(3, true)], [0, 1, 2]), ([(2, false), (3, true)], [1, 0, 2]), ([(0, true)], [0, 1, 2, 3, 4]),
            ([(5, false), (5, false)], [4]), ([(6, false)], []), ([(UInt64.max, true)], []), ([(0, false)], []),
            ([(5, true), (1, true)], [0, 1, 2, 3, 4]),
        ] as [([(UInt64, Bool)], [Int])])
    func settling(confirms: [(UInt64, Bool)], settled: [Int]) {
        var (window, all) = window(5)
        let entries = confirms.flatMap { window.settle(tag: $0.0, upTo: $0.1) }
        #expect(entries.map { $0.outgoing?.routingKey } == settled.map { "\($0)" })
        #expect(window.count == 5 - settled.count)
        #expect(window.reset().map(\.routingKey) == all.indices.filter { !settled.contains($0) }.map { "\($0)" })
        #expect(window.byteCount == 0)
    }

    @Test("a return marks the oldest that fits, once")
    func returns() {
        var window = ConfirmWindow()
        let one = Outgoing(.test(), to: "x", routingKey: "a", waiters: [])
        window.append(nil)
        window.append(one)
        window.append(one)
        window.markReturned { $0.routingKey == "a" }
        #expect(window.settle(tag: 3, upTo: true).map(\.isReturned) == [false, true, false])
    }
}

@Suite("Facts in messages")
struct FactBucketsTests {
    private func opened(_ index: Int) -> Fact {
        Fact(
            id: .derived(from: "\(index)"), organization: "studio", occurredAt: Timestamp(microseconds: 0),
            body: .sessionEnded(SessionEnded(session: .derived(from: "session"))))
    }

    @Test("facts of one kind go together, in order, and as many as a message holds")
    func together() throws {
        var buckets = FactBuckets(linger: .milliseconds(5), app: "test")
        let now = ContinuousClock.now
        let facts = (0..<600).map(opened)
        let pieces = FactBuckets.pieces(of: try facts.map { try EncodedFact($0) }) { Waiter(parts: $0) }
        #expect(pieces.map(\.count) == [256, 256, 88])
        var messages = pieces.compactMap { buckets.add($0, at: now) }
        #expect(buckets.takeDue(at: now + .milliseconds(4)).isEmpty)
        messages += buckets.takeDue(at: now + .milliseconds(5))
        #expect(!buckets.isWanted)
        let read = try messages.flatMap { outgoing in
            #expect(outgoing.exchange == Names.facts)
            #expect(outgoing.routingKey == "session.ended")
            return try Wire.facts(kind: outgoing.message.type, version: outgoing.message.version, body: outgoing.message.body)
        }
        #expect(read == facts)
    }

    @Test("the bytes are those that the wire's own encoder writes")
    func bytes() throws {
        var buckets = FactBuckets(linger: .zero, app: "test")
        let facts = (0..<3).map(opened)
        for fact in facts {
            for piece in FactBuckets.pieces(of: [try EncodedFact(fact)], waiter: { Waiter(parts: $0) }) {
                _ = buckets.add(piece, at: .now)
            }
        }
        #expect(try buckets.takeAll().map(\.message.body) == [Wire.encode(facts)])
    }
}

@Suite("What AMQP can carry")
struct MessageTests {
    @Test("names beyond 255 bytes are refused before they reach the wire")
    func shortStrings() {
        let long = String(repeating: "é", count: 128)
        #expect(Message.test(long).flaw(exchange: "", routingKey: "") != nil)
        #expect(Message.test().flaw(exchange: long, routingKey: "") != nil)
        #expect(Message.test().flaw(exchange: "", routingKey: long) != nil)
        #expect(Message.test().flaw(exchange: "", routingKey: String(repeating: "a", count: 255)) == nil)
    }

    @Test("whatever a message holds, it can be put aside")
    func curtailing() {
        let long = String(repeating: "\u{FFFD}", count: 255)
        var message = Message.test(long)
        message.app = long
        message.contentType = long
        message.replyTo = long
        message.correlationID = long
        message.headers = ["large": String(repeating: "a", count: 100_000), long: "", "small": "kept"]
        #expect(message.curtailed().flaw(exchange: "", routingKey: "") == nil)
        #expect(message.curtailed().headers == ["small": "kept"])
        #expect(message.curtailed().body == message.body)
    }

    @Test("headers beyond what a frame carries are refused")
    func headers() {
        var message = Message.test()
        message.headers = ["a": String(repeating: "a", count: 70_000)]
        #expect(message.flaw(exchange: "", routingKey: "") != nil)
    }
}
