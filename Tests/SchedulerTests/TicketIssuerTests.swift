import Broker
import Logging
import Mail
import Runtime
import ServiceLifecycle
import Support
import Synchronization
import Testing

@testable import Scheduler

@Suite("The ticket issuer")
struct TicketIssuerTests {
    /// The tickets queue, as far as the issuer sees it.
    private final class Queue: Sendable {
        let tickets = Mutex<[Ticket]>([])
        let depth = Mutex<Int?>(0)
        var count: Int { tickets.withLock { $0.count } }
    }

    private func issuer(_ test: TestLedger, _ queue: Queue) -> TicketIssuer {
        TicketIssuer(
            ledger: test.ledger, publish: { ticket in queue.tickets.withLock { $0.append(ticket) } },
            depth: { queue.depth.withLock { $0 } }, ticketAge: .seconds(30), logger: Logger(label: "test"))
    }

    @Test("issues one ticket for each pending delivery and attempt")
    func once() async throws {
        let test = try TestLedger()
        let queue = Queue()
        let issuer = issuer(test, queue)
        let summary = try await test.submit(to: ["ann@example.net", "bob@example.net"])
        #expect(try await issuer.issue() == 2)
        #expect(try await issuer.issue() == 0)
        #expect(Set(queue.tickets.withLock { $0 }) == Set(summary.deliveries.map { Ticket(delivery: $0.id, attempt: 1) }))
        let session = SessionID.fresh()
        let delivery = try test.firstDelivery(summary)
        _ = try await test.claim(delivery, by: session)
        try await test.report(.attemptAbandoned(test.ended(delivery, session: session)))
        #expect(try await issuer.issue() == 1)
        #expect(queue.tickets.withLock { $0.last } == Ticket(delivery: delivery, attempt: 2))
    }

    @Test(
        "issues again only what is old while the queue is known to be empty",
        arguments: [(31, 0, true), (29, 0, false), (31, 5, false), (31, nil, false)] as [(Int, Int?, Bool)])
    func lost(age: Int, depth: Int?, isIssued: Bool) async throws {
        let test = try TestLedger()
        let queue = Queue()
        let issuer = issuer(test, queue)
        try await test.submit()
        _ = try await issuer.issue()
        test.time.advance(by: .seconds(age))
        queue.depth.withLock { $0 = depth }
        try await issuer.withdrawLost()
        #expect(try await issuer.issue() == (isIssued ? 1 : 0))
    }

    @Test("works as mailings come, and by itself when tickets were lost")
    func running() async throws {
        let test = try TestLedger()
        let queue = Queue()
        let issuer = issuer(test, queue)
        try await withThrowingTaskGroup { group in
            group.addTask { try await issuer.run() }
            try await test.submit(to: (0..<150).map { "r\($0)@example.net" })
            try await eventually("all have tickets") { queue.count == 150 }
            try await eventually("the issuer sleeps") { test.time.sleepers == 1 }
            test.time.advance(by: .seconds(31))
            try await eventually("all have tickets again") { queue.count == 300 }
            group.cancelAll()
        }
    }

    @Test("waits and goes on when the broker refuses a ticket")
    func refused() async throws {
        let test = try TestLedger()
        let attempts = Mutex(0)
        let issuer = TicketIssuer(
            ledger: test.ledger,
            publish: { _ in
                let isFirst = attempts.withLock { attempts in
                    attempts += 1
                    return attempts == 1
                }
                if isFirst { throw BrokerError.unroutable(exchange: Names.commands, routingKey: Names.ticketKey) }
            }, depth: { 0 }, ticketAge: .seconds(30), logger: Logger(label: "test"))
        try await test.submit()
        try await withThrowingTaskGroup { group in
            group.addTask { try await issuer.run() }
            try await eventually("the first try was refused and the issuer sleeps") {
                attempts.withLock { $0 } == 1 && test.time.sleepers == 1
            }
            test.time.advance(by: .seconds(1))
            try await eventually("it was tried again") { attempts.withLock { $0 } == 2 }
            group.cancelAll()
        }
    }
}
