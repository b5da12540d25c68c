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
            ledger: test.ledger, publish: { tickets in queue.tickets.withLock { $0 += tickets } },
            depth: { queue.depth.withLock { $0 } }, ticketAge: .seconds(30), logger: Logger(label: "test"))
    }

    @Test(
        "tickets travel together, so few that each sender can have a part and none holds many for which it has no slots",
        arguments: [
            (1, [32], [1]), (10, [], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), (10, [300], [5, 5]), (10, [300, 300], [2, 2, 2, 2, 2]),
            (11, [300, 300], [2, 2, 2, 2, 2, 1]), (100, [32], Array(repeating: 4, count: 25)), (3, [4, 300], [1, 1, 1]),
            (0, [8], []),
        ])
    func bundles(count: Int, slots: [Int], sizes: [Int]) {
        let tickets = (0..<count).map { Ticket(delivery: .derived(from: "\($0)"), attempt: 1) }
        let bundles = TicketIssuer.bundles(of: tickets, for: slots)
        #expect(bundles.map(\.count) == sizes)
        #expect(bundles.flatMap { $0 } == tickets)
    }

    @Test("issues one ticket for each pending delivery and attempt")
    func once() async throws {
        let test = try TestLedger()
        let queue = Queue()
        let issuer = issuer(test, queue)
        let summary = try await test.submit(to: ["ann@example.net", "bob@example.net"])
        _ = try await issuer.issue()
        _ = try await issuer.issue()
        #expect(queue.count == 2)
        #expect(Set(queue.tickets.withLock { $0 }) == Set(summary.deliveries.map { Ticket(delivery: $0.id, attempt: 1) }))
        let session = SessionID.fresh()
        let delivery = try test.firstDelivery(summary)
        _ = try await test.claim(delivery, by: session)
        try await test.report(.attemptAbandoned(test.ended(delivery, session: session)))
        _ = try await issuer.issue()
        #expect(queue.count == 3)
        #expect(queue.tickets.withLock { $0.last } == Ticket(delivery: delivery, attempt: 2))
    }

    @Test("issues what waits bit by bit as senders claim, each once, over many organizations and domains")
    func bitByBit() async throws {
        let test = try TestLedger()
        let queue = Queue()
        let issuer = issuer(test, queue)
        for _ in 0..<20 { try await test.submit(to: (0..<50).map { "r\($0)@d\($0 % 9).example" }) }
        let session = SessionID.fresh()
        var claimed: [Ticket] = []
        for _ in 0..<1000 where claimed.count < 1000 {
            _ = try await issuer.issue()
            let tickets = queue.tickets.withLock { tickets in
                defer { tickets = [] }
                return tickets
            }
            #expect((1...150).contains(tickets.count))
            let answers = try await test.ledger.claim([ClaimRequest(session: session, slots: 32, tickets: tickets)])
            for job in answers.flatMap(\.jobs) {
                claimed.append(Ticket(delivery: job.delivery, attempt: job.attempt))
                try await test.report(
                    .attemptDelivered(AttemptEnded(delivery: job.delivery, mailing: job.mailing, attempt: 1, session: session)))
            }
        }
        #expect(claimed.count == 1000)
        #expect(Set(claimed).count == 1000)
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
        try await issuer.issueLost()
        #expect(queue.count == (isIssued ? 2 : 1))
    }

    @Test("works as mailings come, and by itself when tickets were lost")
    func running() async throws {
        let test = try TestLedger()
        let queue = Queue()
        let issuer = issuer(test, queue)
        try await withThrowingTaskGroup { group in
            group.addTask { try await issuer.run() }
            try await test.submit(to: (0..<20).map { "r\($0)@example.net" })
            // The clock goes on, for news gathers a moment.
            try await eventually("all have tickets") {
                test.time.advance(by: .milliseconds(3))
                return queue.count == 20
            }
            try await eventually("the issuer sleeps") { test.time.sleepers == 1 }
            test.time.advance(by: .seconds(31))
            try await eventually("all have tickets again") {
                test.time.advance(by: .milliseconds(3))
                return queue.count == 40
            }
            group.cancelAll()
        }
    }

    @Test("begins when the queue is empty: tickets of an earlier life are worked off first")
    func earlierLife() async throws {
        let test = try TestLedger()
        try await test.submit()
        let ledger = Ledger(store: test.ledger.store, time: test.time.source, rules: WorkRules())
        try await ledger.learnTraffic()
        let queue = Queue()
        queue.depth.withLock { $0 = 1 }
        let issuer = TicketIssuer(
            ledger: ledger, publish: { tickets in queue.tickets.withLock { $0 += tickets } },
            depth: { queue.depth.withLock { $0 } }, ticketAge: .seconds(30), logger: Logger(label: "test"))
        try await withThrowingTaskGroup { group in
            group.addTask { try await issuer.run() }
            for depth in [1, nil, 0] {
                try await eventually("the issuer sleeps") { test.time.sleepers == 1 }
                #expect(queue.count == 0)
                queue.depth.withLock { $0 = depth }
                test.time.advance(by: .milliseconds(200))
            }
            try await eventually("the ticket is out") { queue.count == 1 }
            group.cancelAll()
        }
    }

    @Test("waits and goes on when the broker refuses a ticket")
    func refused() async throws {
        let test = try TestLedger()
        let attempts = Mutex<[[Ticket]]>([])
        let issuer = TicketIssuer(
            ledger: test.ledger,
            publish: { tickets in
                let isFirst = attempts.withLock { attempts in
                    attempts.append(tickets)
                    return attempts.count == 1
                }
                if isFirst { throw BrokerError.unroutable(exchange: Names.commands, routingKey: Names.ticketKey) }
            }, depth: { 0 }, ticketAge: .seconds(30), logger: Logger(label: "test"))
        try await test.submit()
        try await withThrowingTaskGroup { group in
            group.addTask { try await issuer.run() }
            try await eventually("the first try was refused and the issuer sleeps") {
                attempts.withLock { $0.count } == 1 && test.time.sleepers == 1
            }
            test.time.advance(by: .seconds(1))
            try await eventually("it was tried again") { attempts.withLock { $0.count } == 2 }
            #expect(attempts.withLock { $0[0] == $0[1] })
            group.cancelAll()
        }
    }
}
