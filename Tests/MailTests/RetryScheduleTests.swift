import Mail
import Testing

@Suite("Retry schedule")
struct RetryScheduleTests {
    private let schedule = RetrySchedule()
    private let start = Timestamp(microseconds: 1_790_000_000_000_000)

    @Test(
        "waits double up to the ceiling",
        arguments: [
            (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 64), (8, 128), (9, 240), (10, 240), (Int.max, 240), (0, 1),
        ])
    func doubling(made: Int, minutes: Int) {
        #expect(schedule.wait(afterDeferrals: made, askedFor: nil, jitter: 0) == .seconds(minutes * 60))
    }

    @Test(
        "jitter moves a wait by a tenth at most",
        arguments: [(-1.0, 216), (1.0, 264), (0.5, 252), (-7, 216), (7, 264), (.nan, 240)])
    func jitter(jitter: Double, minutes: Int) {
        let wait = schedule.wait(afterDeferrals: 9, askedFor: nil, jitter: jitter)
        let difference = wait - .seconds(minutes * 60)
        #expect(difference < .milliseconds(1) && difference > .milliseconds(-1))
    }

    @Test("what the server asks for is the least wait, whatever the jitter", arguments: [-1.0, 0, 1])
    func asked(jitter: Double) {
        let wait = schedule.wait(afterDeferrals: 1, askedFor: .seconds(900), jitter: jitter)
        #expect(wait >= .seconds(900) && wait < .milliseconds(990_001))
        #expect(schedule.wait(afterDeferrals: 9, askedFor: .seconds(1), jitter: 0) == .seconds(240 * 60))
        #expect(schedule.wait(afterDeferrals: 1, askedFor: .seconds(Int64.max), jitter: 0) == schedule.lifetime)
        #expect(schedule.wait(afterDeferrals: 1, askedFor: .seconds(-5), jitter: 0) == .seconds(60))
    }

    @Test("the last retry falls ten minutes before the 72 hours are over, and none later")
    func lifetime() throws {
        let end = start + .seconds(72 * 3600)
        for jitter in [-1.0, 0, 1] {
            var now = start
            var retries = 0
            while let next = schedule.next(
                afterDeferrals: retries + 1, firstDeferredAt: start, now: now, askedFor: nil, jitter: jitter)
            {
                #expect(next > now && next <= end)
                if next == end { #expect(now == end - .seconds(600)) }
                now = next
                retries += 1
                try #require(retries < 100)
            }
            #expect(now == end)
            if jitter == 0 { #expect(retries == 26) }
        }
    }

    @Test("nothing is given up a minute early, nor tried once the time is over")
    func edges() {
        func next(at now: Timestamp) -> Timestamp? {
            schedule.next(afterDeferrals: 20, firstDeferredAt: start, now: now, askedFor: .seconds(86_400), jitter: 1)
        }
        let end = start + .seconds(72 * 3600)
        #expect(next(at: end - .seconds(601)) == end - .seconds(600), "asked for a day")
        #expect(next(at: end - .seconds(600)) == end)
        #expect(next(at: end - .seconds(60)) == end)
        #expect(next(at: end - .microseconds(1)) == end)
        #expect(next(at: end) == nil)
        #expect(next(at: end + .seconds(1)) == nil)
    }
}
