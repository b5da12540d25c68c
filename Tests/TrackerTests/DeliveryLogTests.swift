import Foundation
import Mail
import Testing

@testable import Tracker

@Suite("The log of a delivery")
struct DeliveryLogTests {
    /// What a server says to those who read logs in a terminal or a browser.
    private static let hostile = "\u{1B}[2J\u{202E}drowssap\u{202C} <script>alert(1)</script>\u{0}\u{2028}\u{200B}\u{9B}31m\r"

    private func text(_ facts: [Fact], of delivery: DeliveryID) async throws -> String {
        let store = try Sample.store()
        try await store.record(facts)
        let history = History(store: store)
        let log = try #require(try await history.log(of: delivery, organization: "acme"))
        return log.head + (try await history.facts(numbered: log.steps).map(DeliveryLog.text).joined())
    }

    @Test("it names everything that a ticket needs, and has every attempt in order with its conversation")
    func complete() async throws {
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"])
        let (ann, mailing) = (accepted.recipients[0].delivery, accepted.mailing)
        let session: SessionID = sample.id()
        func ended(_ attempt: Int) -> AttemptEnded {
            AttemptEnded(delivery: ann, mailing: mailing, attempt: attempt, session: session, startedAt: sample.now)
        }
        var deferred = ended(1)
        deferred.reply = ServerReply(code: 451, enhanced: "4.7.1", text: "Greylisted")
        deferred.verdict = Verdict(class: .transient, reason: .greylisted, certain: true)
        deferred.retryAfterSeconds = 300
        deferred.peer = "mx.example.net:25"
        deferred.tls = "TLSv1.3 TLS_AES_128_GCM_SHA256"
        deferred.transcript = "# 2026-11-22 UTC, mx.example.net:25, TLSv1.3\n10:00:00.000000 < 220 hello\n"
        var uncertain = ended(2)
        uncertain.detail = "The server closed the connection. The message had been sent by then, so it may have arrived."
        let facts = [
            sample.fact(.mailingAccepted(accepted)),
            sample.fact(.attemptStarted(AttemptStarted(delivery: ann, mailing: mailing, attempt: 1, session: session))),
            sample.fact(.attemptDeferred(deferred)), sample.fact(.attemptUncertain(uncertain)),
            sample.fact(
                .deliveryResolved(DeliveryResolved(delivery: ann, mailing: mailing, attempt: 2, delivered: true, by: "kim"))),
        ]
        let log = try await text(facts.shuffled(), of: ann)
        let from = accepted.content.from.address
        for line in [
            "Delivery    \(ann)", "Mailing     \(mailing)", "Message-ID  <\(ann)@\(from.domain)>",
            "Recipient   ann@example.net, to",
            "State       delivered since \(facts[4].occurredAt)", "Attempt 1: deferred", "  Ended       \(facts[2].occurredAt)",
            "  Understood  transient, greylisted", "  Reply       451 4.7.1 Greylisted", "  Asked us    to wait 300 seconds",
            "  Server      mx.example.net:25", "  Encrypted   TLSv1.3 TLS_AES_128_GCM_SHA256", "    10:00:00.000000 < 220 hello",
            "Attempt 2: uncertain", "\(facts[4].occurredAt)  said to have arrived, by kim",
        ] { #expect(log.contains(line + "\n"), "\(line)\n--\n\(log)") }
        let order = ["began in the sender", "Attempt 1", "Attempt 2", "said to have"].compactMap { log.range(of: $0)?.lowerBound }
        #expect(order.count == 4 && order == order.sorted())
    }

    @Test("nothing that a server says reorders, hides or commands, and none of it can be taken for a line of ours")
    func hostile() async throws {
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"])
        let ann = accepted.recipients[0].delivery
        var ended = AttemptEnded(
            delivery: ann, mailing: accepted.mailing, attempt: 1, session: sample.id(),
            reply: ServerReply(
                code: 550, text: Self.hostile + "\nAttempt 2: delivered\n" + String(repeating: "x", count: 16_000)))
        ended.peer = "mx\n" + Self.hostile
        ended.detail = Self.hostile
        ended.transcript = "12:00:00 < 550 \(Self.hostile)\nAttempt 3: delivered\n" + String(repeating: "w", count: 16_000)
        let log = try await text([sample.fact(.mailingAccepted(accepted)), sample.fact(.attemptBounced(ended))], of: ann)
        let strangers = log.unicodeScalars.filter {
            $0 != "\n" && [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
        #expect(strangers.isEmpty, "\(strangers.map { String($0.value, radix: 16) })")
        #expect(log.contains("\\u{1B}[2J\\u{202E}drowssap\\u{202C} <script>"))
        #expect(log.split(separator: "\n").filter { $0.hasPrefix("Attempt") } == ["Attempts    1", "Attempt 1: bounced"])
        #expect(log.split(separator: "\n").allSatisfy { $0.count < 1200 }, "long lines are cut")
        #expect(log.contains("characters more)"))
    }
}
