import Foundation
import SMTP
import Support
import Testing

extension EndToEnd {
    /// Several real senders on one scheduler, and what the SMTP server sees of them.
    @Suite("Limits and fairness")
    struct LimitTests {
        /// Runs a scheduler, a tracker and so many senders on a server that does what `script` says.
        private func with(
            senders: Int, of capacity: Int = 16, script: ScriptedSMTPServer.Script, settings: [String: String] = [:],
            started: Int? = nil, _ body: (Installation, SMTPWatch, ScriptedSMTPServer) async throws -> Void
        ) async throws {
            let watch = SMTPWatch()
            let smtp = try await ScriptedSMTPServer.start(watch.watching(script))
            let own = [
                "WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(smtp.port)?tls=off", "WAYBILL_MAX_RECIPIENTS": "10000",
                "WAYBILL_CONCURRENCY": String(capacity),
            ]
            try await Installation.with(settings: own.merging(settings) { $1 }, senders: senders) { waybill in
                let names = ["scheduler", "tracker"] + (1...(started ?? senders)).map { "sender-\($0)" }
                for name in names { try waybill.start(name) }
                for name in names { try await waybill.ready(name) }
                try await body(waybill, watch, smtp)
            }
            await smtp.stop()
        }

        private func submit(
            _ count: Int, to domain: String, organization: String = "demo", of waybill: Installation
        ) async throws -> String {
            let answer = try await waybill.submit(
                Mailings.simple(to: (0..<count).map { "r\($0)@\(domain)" }), organization: organization)
            #expect(answer.status == 202, "\(answer.text)")
            return try #require(answer.object["id"] as? String)
        }

        /// Every recipient has the mail exactly once, and the history says so.
        private func expectOnce(_ mailings: [(id: String, count: Int)], _ waybill: Installation, _ smtp: ScriptedSMTPServer)
            async throws
        {
            for (id, count) in mailings {
                try await eventually(within: .seconds(120), "all of \(id) are delivered") {
                    try await waybill.states(of: id) == ["delivered": count]
                }
            }
            let copies = Dictionary(grouping: smtp.received.flatMap(\.recipients), by: \.self)
            #expect(copies.count == mailings.reduce(0) { $0 + $1.count })
            #expect(copies.allSatisfy { $0.value.count == 1 })
        }

        @Test("concurrency and rate per destination hold over four senders together")
        func fourSenders() async throws {
            try await with(
                senders: 4, script: .init(delay: .milliseconds(30)),
                settings: ["WAYBILL_DESTINATION_LIMITS": "narrow.example also-narrow.example=3; paced.example=20/s"]
            ) { waybill, watch, smtp in
                let mailings = [
                    (try await submit(60, to: "narrow.example", of: waybill), 60),
                    (try await submit(30, to: "also-narrow.example", of: waybill), 30),
                    (try await submit(100, to: "paced.example", of: waybill), 100),
                    (try await submit(400, to: "free.example", of: waybill), 400),
                ]
                try await expectOnce(mailings, waybill, smtp)
                let together = watch.mostAtOnce(to: "narrow.example") + watch.mostAtOnce(to: "also-narrow.example")
                #expect(watch.mostAtOnce(to: "narrow.example") <= 3)
                #expect(watch.mostAtOnce(to: "also-narrow.example") <= 3)
                #expect(together >= 3)
                #expect(watch.mostAtOnce(to: "free.example") > 16, "more than one sender had a part")
                // What began at an even pace may arrive a little less evenly.
                #expect(watch.mostInASecond(to: "paced.example") <= 26)
                let paced = watch.transfers(to: "paced.example").map(\.start)
                let span = try #require(paced.max()) - #require(paced.min())
                #expect(span > .seconds(4.5), "100 at 20 a second, 3 at once at most")
            }
        }

        @Test("an organization's concurrency and rate hold over two senders together")
        func organizations() async throws {
            try await with(
                senders: 2, script: .init(delay: .milliseconds(20)),
                settings: ["WAYBILL_ORGANIZATION_LIMITS": "narrow=2; paced=20/s"]
            ) { waybill, watch, smtp in
                let mailings = [
                    (try await submit(40, to: "narrow.example", organization: "narrow", of: waybill), 40),
                    (try await submit(60, to: "paced.example", organization: "paced", of: waybill), 60),
                ]
                for (id, count) in mailings {
                    try await eventually(within: .seconds(60), "all of \(id) have arrived") { smtp.count == 100 && count > 0 }
                }
                #expect(watch.mostAtOnce(to: "narrow.example") == 2)
                #expect(watch.mostInASecond(to: "paced.example") <= 26)
                #expect(Set(smtp.received.flatMap(\.recipients)).count == 100)
            }
        }

        @Test("a destination that hangs, with 5,000 waiting, delays nobody else")
        func deadDestination() async throws {
            let script = ScriptedSMTPServer.Script().when(.hang) { moment in
                moment.stage == .recipient && moment.recipients.last?.hasSuffix("@dead.example") == true
            }
            try await with(senders: 2, script: script) { waybill, watch, smtp in
                _ = try await submit(5000, to: "dead.example", of: waybill)
                try await eventually(within: .seconds(60), "it holds its share") { watch.transfers(to: "dead.example").count >= 20 }
                let same = try await submit(100, to: "alive.example", of: waybill)
                try await eventually(within: .seconds(20), "the same organization's mail to others is through") {
                    try await waybill.states(of: same) == ["delivered": 100]
                }
                _ = try await submit(100, to: "well.example", organization: "other", of: waybill)
                try await eventually(within: .seconds(20), "another organization's mail is through") { smtp.count == 200 }
                #expect(watch.transfers(to: "dead.example").count <= 28, "never more than seven eighths of 32")
            }
        }

        @Test("ten of one organization do not wait behind ten thousand of another")
        func fairness() async throws {
            try await with(senders: 2, script: .init(delay: .milliseconds(50))) { waybill, watch, _ in
                _ = try await submit(10_000, to: "a.example", organization: "large", of: waybill)
                try await eventually(within: .seconds(60), "the large one is under way") {
                    watch.transfers(to: "a.example").count > 100
                }
                _ = try await submit(10, to: "a.example", organization: "small", of: waybill)
                let before = watch.transfers.count
                try await eventually(within: .seconds(20), "the small one is through") {
                    watch.transfers(to: "a.example").count > before + 10
                        && Dictionary(grouping: watch.transfers, by: \.address).filter { $0.value.count == 2 }.count >= 10
                }
                #expect(watch.transfers.count < 9000, "the large one is not")
            }
        }

        @Test("senders that join, leave and die under load: shares move within two seconds, nothing is lost or doubled")
        func comingAndGoing() async throws {
            let script = ScriptedSMTPServer.Script(delay: .milliseconds(40))
            try await with(senders: 3, script: script, started: 1) { waybill, watch, smtp in
                let mailing = try await submit(2000, to: "a.example", of: waybill)
                try await eventually(within: .seconds(60), "the first is at work") { watch.transfers.count > 50 }

                try waybill.start("sender-2")
                try waybill.start("sender-3")
                for name in ["sender-2", "sender-3"] { try await waybill.ready(name) }
                let joined = ContinuousClock.now
                try await eventually(within: .seconds(2), "both that joined send") {
                    let begun = watch.begun(since: joined)
                    return begun["sender-2", default: 0] > 0 && begun["sender-3", default: 0] > 0
                }
                let shared = ContinuousClock.now
                try await eventually(within: .seconds(30), "each has its share") {
                    let begun = watch.begun(since: shared)
                    return begun.values.reduce(0, +) > 300 && begun.count == 3
                        && begun.values.allSatisfy { $0 * 6 > begun.values.reduce(0, +) }
                }

                let left = ContinuousClock.now
                #expect(try await waybill.stop("sender-2") == 0)
                #expect(ContinuousClock.now - left < .seconds(15), "what was under way took a moment, not the whole deadline")
                let gone = ContinuousClock.now
                try await eventually(within: .seconds(2), "the others go on") {
                    let begun = watch.begun(since: gone)
                    return begun["sender-1", default: 0] > 10 && begun["sender-3", default: 0] > 10
                }
                #expect(watch.begun(since: gone)["sender-2"] == nil)

                try await waybill.kill("sender-3")
                let killed = ContinuousClock.now
                try await eventually(within: .seconds(2), "the last goes on") {
                    watch.begun(since: killed)["sender-1", default: 0] > 10
                }

                try await eventually(within: .seconds(120), "all are delivered") {
                    try await waybill.states(of: mailing) == ["delivered": 2000]
                }
                // Whoever was killed between the dot and the answer is the one excuse for a second copy, and the history shows it.
                let copies = Dictionary(grouping: smtp.received.flatMap(\.recipients), by: \.self)
                #expect(copies.count == 2000)
                let doubled = Set(copies.filter { $0.value.count > 1 }.keys)
                let deliveries = try await waybill.mailing(mailing).object["deliveries"] as? [[String: Any]] ?? []
                for delivery in deliveries where doubled.contains(delivery["address"] as? String ?? "") {
                    let timeline = try await HTTP.send(
                        "GET", waybill.tracker + "/v1/deliveries/\(delivery["id"] ?? "")", token: try await waybill.token())
                    #expect(timeline.text.contains("\"attempt.uncertain\""))
                }
                #expect(doubled.count <= 16)
            }
        }

        @Test("SIGTERM at a server that hangs: the sender leaves at its deadline and hands everything back")
        func deadline() async throws {
            let script = ScriptedSMTPServer.Script().on(.data, turns: 1...100, .hang)
            try await with(senders: 2, script: script, settings: ["WAYBILL_DRAIN": "2"], started: 1) { waybill, watch, smtp in
                let mailing = try await submit(200, to: "a.example", of: waybill)
                try await eventually(within: .seconds(60), "all its slots hang") { watch.transfers.count >= 10 }
                let asked = ContinuousClock.now
                #expect(try await waybill.stop("sender-1") == 0)
                #expect(ContinuousClock.now - asked < .seconds(12))
                smtp.script = watch.watching(ScriptedSMTPServer.Script())
                try waybill.start("sender-2")
                try await waybill.ready("sender-2")
                try await expectOnce([(mailing, 200)], waybill, smtp)
            }
        }
    }
}
