import Foundation
import Mail
import Testing

@testable import Sender

/// Measures the table of replies on real ones, whose meaning was written down before it saw them (Replies/README.md).
@Suite("Real replies")
struct ReplyTableTests {
    private struct Row {
        let reply: String
        let bounceClass: String
        let reason: String
        let suppress: String
    }

    private static func rows(_ name: String) throws -> [Row] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Replies/\(name).tsv")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            try #require(fields.count == 5, "\(line)")
            return Row(reply: fields[0], bounceClass: fields[1], reason: fields[2], suppress: fields[3])
        }
    }

    @Test(
        "at least 80 % are right, 95 % of those that it is certain of, and it is certain of half",
        arguments: ["known", "held-out", "from-memory", "logs", "more-logs"])
    func right(file: String) throws {
        var right = 0
        var certain = 0
        var certainAndRight = 0
        var confusion: [String: Int] = [:]
        let rows = try Self.rows(file)
        for row in rows {
            let verdict = ReplyClassifier.verdict(on: row.reply)
            let isRight =
                verdict.class.rawValue == row.bounceClass && verdict.reason.rawValue == row.reason
                && verdict.suppress.rawValue == row.suppress
            right += isRight ? 1 : 0
            certain += verdict.certain ? 1 : 0
            certainAndRight += verdict.certain && isRight ? 1 : 0
            if !isRight {
                let taken = "\(row.bounceClass)/\(row.reason) taken for \(verdict.class.rawValue)/\(verdict.reason.rawValue)"
                confusion[verdict.certain ? "certain: \(taken)" : taken, default: 0] += 1
            }
        }
        print("\(file).tsv: \(right) of \(rows.count) right; certain of \(certain), \(certainAndRight) of them right")
        for (taken, count) in confusion.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) { print("  \(count) × \(taken)") }
        try #require(rows.count >= 40)
        #expect(right * 100 >= rows.count * 80)
        #expect(certainAndRight * 100 >= certain * 95)
        #expect(certain * 2 >= rows.count)
    }

    @Test(
        "one reply means the same however it is written down",
        arguments: [
            "550 5.2.2 <ann@example.net>: Mailbox full", "smtp; 550 5.2.2 <ann@example.net>: Mailbox full",
            "smtp;550 5.2.2 mailbox full",
            "550-5.2.2 The mailbox\\r\\n550 5.2.2 is full", "550-5.2.2 The mailbox 550 5.2.2 is full",
            "host mx.example.net[192.0.2.1] said: 550 5.2.2 <ann@example.net>... MAILBOX FULL (in reply to RCPT TO command)",
            "550 Mailbox-full (#5.2.2)", "Mailbox full", "\u{FEFF}550 5.2.2 mailbox\u{0}full\u{7}",
        ])
    func spelling(reply: String) {
        #expect(ReplyClassifier.verdict(on: reply) == Verdict(class: .soft, reason: .mailboxFull, certain: true))
    }

    @Test(
        "what the address or a host is called says nothing",
        arguments: [
            "550 5.1.1 <spam.virus@greylist.example>: User unknown", "550 5.1.1 <mailbox-full@quota.example> User unknown",
            "host spamhaus-filter.example[192.0.2.1] said: 550 5.1.1 User unknown",
        ])
    func names(reply: String) {
        #expect(ReplyClassifier.verdict(on: reply).reason == .addressUnknown)
    }

    @Test(
        "nothing said is nothing known, and the strangest bytes are only that",
        arguments: ["", " ", "\u{0}\u{1}", "5", "☃", "250 OK"])
    func nothing(reply: String) {
        let verdict = ReplyClassifier.verdict(on: reply)
        #expect(verdict.reason == .other)
        #expect(!verdict.certain)
        #expect(verdict.suppress == .none)
    }

    @Test("a reply without end is read as far as its beginning")
    func endless() {
        let verdict = ReplyClassifier.verdict(
            on: "550 5.1.1 user unknown " + String(repeating: "user full user ", count: 1_000_000))
        #expect(verdict.class == .hard)
    }
}
