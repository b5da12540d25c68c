import Mail
import Testing

@testable import Scheduler

@Suite("Limits as an operator writes them")
struct LimitTests {
    private func table(_ text: String) throws -> LimitTable {
        try LimitTable(text) { $0.contains(".") && !$0.contains("@") ? $0.lowercased() : nil }
    }

    @Test(
        "a name has its rule, or that of its parent, or that of all others",
        arguments: [
            ("gmail.com", "gmail.com", 20, 10.0), ("googlemail.com", "gmail.com", 20, 10),
            ("a.example.net", "*.example.net", 5, nil),
            ("b.a.example.net", "*.example.net", 5, nil), ("example.net", "example.net", 100, nil),
            ("example.org", "example.org", 100, nil),
            ("slow.example", "slow.example", nil, 0.5), ("net", "net", 100, nil),
        ] as [(String, String, Int?, Double?)])
    func rules(name: String, counted: String, concurrency: Int?, rate: Double?) throws {
        let table = try table("Gmail.com googlemail.com=20, 600/min; *.example.net=5 ;*=100; slow.example=1800/h;")
        let rule = table.rule(for: name)
        #expect(rule.name == counted)
        #expect(rule.limit.concurrency == concurrency)
        #expect(rule.limit.rate?.perSecond == rate)
        #expect(table.rule(for: counted).limit == rule.limit)
        #expect(table.rule(for: counted).name == counted)
    }

    @Test("without rules nothing is limited", arguments: ["", " ; "])
    func none(text: String) throws {
        let table = try table(text)
        #expect(table.rule(for: "gmail.com").limit == Limit())
    }

    @Test(
        "what cannot be read is named",
        arguments: [
            "gmail.com", "=5", "gmail.com=", "gmail.com=0", "gmail.com=-1", "gmail.com=5/day", "gmail.com=5,5", "gmail.com=5/s,5/s",
            "gmail.com=1000001", "a@b.example=5", "* gmail.com=5", "*=5;*=6", "gmail.com=5;gmail.com=6", "gmail.com=5=6", "nodot=5",
            "gmail.com=99999999999999999999", "gmail.com=5/s/s",
        ])
    func malformed(text: String) {
        #expect(throws: LimitTable.Malformed.self) { try table(text) }
    }
}
