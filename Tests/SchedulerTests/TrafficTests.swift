import Mail
import Runtime
import Testing

@testable import Scheduler

/// A disk full of waiting mail and senders that take it, all in memory.
private struct World {
    var traffic: Traffic
    var now = Samples.now
    /// By lane, in the order of waiting.
    var waiting: [Traffic.Lane: [Traffic.Waiting]] = [:]
    /// Tickets that are out, in the order of issuing.
    var queue: [(ticket: Ticket, lane: Traffic.Lane)] = []
    var sending: [(ticket: Ticket, lane: Traffic.Lane)] = []
    var places: Int64 = 0
    let session = SessionID.fresh()

    init(destinations: String = "", organizations: String = "") throws {
        traffic = Traffic(
            destinations: try LimitTable(destinations) { $0 }, organizations: try LimitTable(organizations) { $0 }, at: now)
    }

    mutating func add(_ count: Int, from organization: String = "demo", to domain: String) {
        let lane = Traffic.Lane(organization: organization, domain: domain)
        for _ in 0..<count {
            places += 1
            waiting[lane, default: []].append(Traffic.Waiting(ticket: Ticket(delivery: .fresh(), attempt: 1), place: places))
        }
        traffic.wait(in: lane)
    }

    /// Issues until nothing more may be issued.
    /// - Returns: How many, and when a rate lets more through.
    @discardableResult
    mutating func issue() -> (count: Int, again: Timestamp?) {
        var issued = 0
        while true {
            let (turns, again) = traffic.plan(atMost: 1000, at: now)
            var isSettled = true
            for turn in turns {
                let found = (waiting[turn.lane] ?? []).lazy.filter { $0.place > turn.place }.prefix(turn.count)
                for ticket in traffic.settle(turn, found: Array(found), at: now) {
                    queue.append((ticket, turn.lane))
                    issued += 1
                    isSettled = false
                }
                if found.count < turn.count { isSettled = false }
            }
            if isSettled { return (issued, again) }
        }
    }

    /// A sender with so many slots claims what is at the front of the queue.
    mutating func claim(_ count: Int = .max, slots: Int = 1000, by other: SessionID? = nil) -> Int {
        let taken = Array(queue.prefix(count))
        queue.removeFirst(taken.count)
        let request = ClaimRequest(session: other ?? session, slots: slots, tickets: taken.map(\.ticket))
        let waits = traffic.claim(request, strangers: [:], at: now)
        for entry in taken where !waits.contains(entry.ticket) {
            sending.append(entry)
            if let index = waiting[entry.lane]?.firstIndex(where: { $0.ticket == entry.ticket }) {
                waiting[entry.lane]?.remove(at: index)
            }
        }
        return taken.count - waits.count
    }

    mutating func finish(_ fits: (Traffic.Lane) -> Bool = { _ in true }) {
        for entry in sending where fits(entry.lane) {
            var work = Delivery(
                id: entry.ticket.delivery, mailing: .fresh(), organization: entry.lane.organization, domain: entry.lane.domain,
                whenUncertain: .resend, state: .delivered)
            work.attempt = entry.ticket.attempt
            traffic.note(work)
        }
        sending.removeAll { fits($0.lane) }
    }

    func count(to domain: String) -> Int { (queue + sending).filter { $0.lane.domain == domain }.count }
    func count(of organization: String) -> Int { (queue + sending).filter { $0.lane.organization == organization }.count }
}

@Suite("Who gets a ticket next")
struct TrafficTests {
    @Test("a destination's concurrency counts what is out and what is under way, of all organizations together")
    func destinationConcurrency() throws {
        var world = try World(destinations: "a.example b.example=5")
        world.add(100, from: "one", to: "a.example")
        world.add(100, from: "two", to: "b.example")
        world.add(3, from: "two", to: "c.example")
        world.issue()
        #expect(world.count(to: "a.example") + world.count(to: "b.example") == 5)
        #expect(world.count(of: "one") >= 2, "both have their turn")
        #expect(world.count(to: "c.example") == 3)
        #expect(world.claim() == 8)
        #expect(world.issue().count == 0)
        #expect(world.traffic.holds[.concurrency] == 2)
        world.finish { $0.domain == "a.example" }
        world.issue()
        #expect(world.count(to: "a.example") + world.count(to: "b.example") == 5)
    }

    @Test("an organization's concurrency holds over all its destinations")
    func organizationConcurrency() throws {
        var world = try World(organizations: "*=4")
        for number in 0..<20 {
            world.add(10, from: "one", to: "d\(number).example")
            world.add(1, from: "two", to: "d\(number).example")
        }
        for _ in 0..<5 {
            world.issue()
            _ = world.claim()
            #expect(world.count(of: "one") == 4)
            #expect(world.count(of: "two") == 4)
            world.finish()
        }
    }

    @Test("a rate lets through no more than so many in any period, however the tickets come about")
    func rate() throws {
        var world = try World(destinations: "a.example=20/s")
        world.add(1000, to: "a.example")
        var claims: [Timestamp] = []
        let end = world.now + .seconds(10)
        while world.now < end {
            let (_, again) = world.issue()
            for _ in 0..<world.claim() { claims.append(world.now) }
            world.finish()
            world.now = max(world.now + .milliseconds(3), min(again ?? world.now, world.now + .milliseconds(40)))
        }
        #expect((195...200).contains(claims.count), "\(claims.count)")
        for start in claims {
            let second = claims.filter { $0 >= start && $0 < start + .seconds(1) }
            #expect(second.count <= 22)
        }
    }

    @Test("while nobody claims, a rate saves up a tenth of a second's worth and no more")
    func savedUp() throws {
        var world = try World(destinations: "*=100/s")
        world.add(1000, to: "a.example")
        world.now = world.now + .seconds(3600)
        world.issue()
        #expect(world.queue.count == 11)
        world.now = world.now + .seconds(3600)
        world.issue()
        #expect(world.queue.count == 11)
    }

    @Test("after a start a rate begins with nothing, for nobody knows what was spent")
    func startsEmpty() throws {
        var world = try World(destinations: "*=60/min")
        world.add(2, to: "a.example")
        let (count, again) = world.issue()
        #expect(count == 0)
        let wait = try #require(again) - world.now
        #expect(wait > .milliseconds(900) && wait < .milliseconds(1100))
        #expect(world.traffic.holds[.rate] == 1)
    }

    @Test("organizations take turns, so that ten do not wait behind ten thousand")
    func turns() throws {
        var world = try World()
        world.add(10_000, from: "large", to: "a.example")
        world.issue()
        _ = world.claim(slots: 32)
        world.add(10, from: "small", to: "a.example")
        var rounds = 0
        while world.waiting[Traffic.Lane(organization: "small", domain: "a.example")]?.isEmpty == false {
            rounds += 1
            world.finish()
            world.issue()
            _ = world.claim(slots: 32)
        }
        #expect(rounds <= 2)
    }

    @Test(
        "destinations that never answer leave slots to others, of the same organization and of another",
        arguments: [1, 2, 3, 7], ["demo", "other"])
    func dead(count: Int, organization: String) throws {
        var world = try World()
        for number in 0..<count { world.add(10_000, to: "dead\(number).example") }
        for _ in 0..<50 {
            world.issue()
            _ = world.claim(slots: 100)
            world.now = world.now + .milliseconds(500)
        }
        let held = world.sending.count
        #expect((70...88).contains(held), "\(held)")
        #expect(world.traffic.holds[.share, default: 0] + world.traffic.holds[.organization, default: 0] > 0)
        world.add(500, from: organization, to: "alive.example")
        var rounds = 0
        while world.waiting[Traffic.Lane(organization: organization, domain: "alive.example")]?.isEmpty == false, rounds < 1000 {
            rounds += 1
            world.issue()
            _ = world.claim(slots: 100)
            world.finish { $0.domain == "alive.example" }
        }
        #expect(rounds < 1000)
        #expect(world.sending.count <= 90, "they have not grown into what was left")
    }

    @Test("a fast destination may have tickets out beyond the free slots, and those too many wait without being lost")
    func ahead() throws {
        var world = try World()
        world.add(6000, to: "a.example")
        var sent = 0
        for _ in 0..<20 {
            world.issue()
            sent += world.claim(slots: 32)
            world.finish()
            world.now = world.now + .milliseconds(5)
        }
        world.issue()
        #expect(world.queue.count > 32)
        // It hangs: what is out is refused once the share is full.
        let before = world.queue.count
        let granted = world.claim(slots: 32)
        #expect(granted == 25)
        #expect(before > granted)
        world.finish()
        var rounds = 0
        while sent + granted < 6000, rounds < 6000 {
            rounds += 1
            world.issue()
            sent += world.claim(slots: 32)
            world.finish()
        }
        #expect(sent + granted == 6000)
        #expect(world.waiting.values.reduce(0) { $0 + $1.count } == 0)
    }

    @Test("the queue stays short however much waits, with and without senders")
    func short() throws {
        var world = try World()
        world.add(100_000, to: "a.example")
        for number in 0..<1000 { world.add(100, from: "o\(number % 7)", to: "d\(number).example") }
        world.issue()
        #expect((1...32).contains(world.queue.count))
        #expect(world.issue().count == 0)
    }

    @Test("a sender that joins brings its slots, one that ends takes them away")
    func joining() throws {
        var world = try World()
        for number in 0..<50 { world.add(100, from: "o\(number)", to: "d\(number).example") }
        world.issue()
        _ = world.claim(slots: 40)
        world.now = world.now + .seconds(3)
        world.issue()
        let other = SessionID.fresh()
        #expect(world.count(of: "o1") > 0)
        world.finish()
        world.now = world.now + .seconds(3)
        world.issue()
        #expect(world.queue.count == 40)
        _ = world.claim(1, slots: 60, by: other)
        world.issue()
        #expect((95...99).contains(world.queue.count))
        world.traffic.end(other)
        #expect(world.issue().count == 0)
    }

    @Test("a ticket is lost when younger ones were claimed or the queue is empty, and is issued again once")
    func lost() throws {
        var world = try World(destinations: "*=2")
        world.add(1, to: "a.example")
        world.issue()
        world.now = world.now + .seconds(60)
        let limit = world.now - .seconds(30)
        #expect(world.traffic.hasTicket(issuedBefore: limit))
        #expect(world.traffic.takeLost(issuedBefore: limit, isQueueEmpty: false, at: world.now).isEmpty)
        let first = world.queue.removeFirst()
        world.add(1, to: "b.example")
        world.issue()
        _ = world.claim()
        #expect(world.traffic.takeLost(issuedBefore: limit, isQueueEmpty: false, at: world.now) == [first.ticket])
        #expect(world.traffic.takeLost(issuedBefore: limit, isQueueEmpty: true, at: world.now).isEmpty)
        world.now = world.now + .seconds(60)
        #expect(world.traffic.takeLost(issuedBefore: world.now, isQueueEmpty: true, at: world.now) == [first.ticket])
    }

    @Test("what a session had before the start counts, and a ticket from then is let in by the same limits")
    func earlierLife() throws {
        var world = try World(destinations: "a.example=2")
        let lane = Traffic.Lane(organization: "demo", domain: "a.example")
        let (old, known) = (SessionID.fresh(), Ticket(delivery: .fresh(), attempt: 3))
        world.traffic.restore(known, in: lane, of: old, at: world.now)
        let strangers = (0..<2).map { _ in Ticket(delivery: .fresh(), attempt: 1) }
        let waits = world.traffic.claim(
            ClaimRequest(session: world.session, slots: 10, tickets: strangers),
            strangers: [strangers[0]: lane, strangers[1]: lane], at: world.now)
        #expect(waits == [strangers[1]])
        world.add(1, to: "a.example")
        #expect(world.issue().count == 0)
        world.traffic.refused(strangers[0], of: world.session, isPending: false)
        #expect(world.issue().count == 1)
    }

    @Test("news that comes late, twice or out of order changes no count")
    func lateNews() throws {
        var world = try World(destinations: "a.example=1")
        world.add(2, to: "a.example")
        world.issue()
        let ticket = try #require(world.queue.first?.ticket)
        #expect(world.claim() == 1)
        var work = Delivery(
            id: ticket.delivery, mailing: .fresh(), organization: "demo", domain: "a.example", whenUncertain: .resend,
            state: .pending)
        // Still the news of its beginning.
        world.traffic.note(work)
        #expect(world.issue().count == 0)
        work.state = .delivered
        world.traffic.note(work)
        world.traffic.note(work)
        world.traffic.refused(ticket, of: world.session, isPending: false)
        #expect(world.issue().count == 1)
        #expect(world.traffic.ticketCount == 1)
    }
}
