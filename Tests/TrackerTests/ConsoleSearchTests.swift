import Mail
import Runtime
import Testing

@testable import Tracker

@Suite("Console search")
struct ConsoleSearchTests {
    static let table: [(String, SearchQuery)] = [
        ("", SearchQuery()),
        ("   ", SearchQuery()),
        ("gallery photos", query { $0.words = ["gallery", "photos"] }),
        ("\"open studio\" gallery", query { $0.words = ["open studio", "gallery"] }),
        ("status:bounced", query { $0.status = .state(.bounced) }),
        ("STATUS:Bounced", query { $0.status = .state(.bounced) }),
        ("status:sent", query { $0.status = .state(.delivered) }),
        ("status:accepted", query { $0.status = .state(.pending) }),
        ("status:opened", query { $0.status = .read }),
        ("to:ann@", query { $0.recipient = "ann@" }),
        ("to:a to:b", query { $0.recipient = "b" }),
        ("in:\"Smith wedding\"", query { $0.collection = "Smith wedding" }),
        ("in:\" spaced \"", query { $0.collection = "spaced" }),
        ("in:\"never closed", query { $0.collection = "never closed" }),
        (
            "kind:reminder before:2026-11-01",
            query {
                $0.kind = "reminder"; $0.before = day(2026, 11, 1)
            }
        ),
        ("after:2026-02-28", query { $0.after = day(2026, 2, 28) }),
        (
            "ann status:bounced to:ann@ kind:reminder in:\"Smith wedding\" before:2026-11-01",
            query {
                $0.words = ["ann"]
                $0.status = .state(.bounced)
                $0.recipient = "ann@"
                $0.kind = "reminder"
                $0.collection = "Smith wedding"
                $0.before = day(2026, 11, 1)
            }
        ),
        // What is no key is a word, and nothing is lost.
        ("https://example.com/a", query { $0.words = ["https://example.com/a"] }),
        ("re: photos", query { $0.words = ["re:", "photos"] }),
        ("to:", query { $0.words = ["to:"] }),
        ("to: ann", query { $0.words = ["to:", "ann"] }),
        ("in:\"\"", SearchQuery()),
        (":", query { $0.words = [":"] }),
        ("\"", SearchQuery()),
        ("دعوة 写真", query { $0.words = ["دعوة", "写真"] }),
    ]

    @Test("a query is read as it is meant", arguments: table)
    func reads(text: String, expected: SearchQuery) {
        #expect(SearchQuery(text) == expected)
    }

    @Test("a query written out reads back as the same query", arguments: table.map(\.0))
    func roundTrip(text: String) {
        let query = SearchQuery(text)
        #expect(SearchQuery(query.text) == query)
    }

    @Test(
        "what makes no sense is named and left out",
        arguments: ["status:nonsense", "before:yesterday", "after:2026-02-30", "before:2026-1-1"])
    func problems(text: String) {
        let query = SearchQuery(text + " ann")
        #expect(query.problems.count == 1)
        #expect(query.words == ["ann"])
        #expect(query.filter == EmailFilter(words: "ann"))
    }

    @Test("days are UTC midnights: the first counts, the last does not")
    func days() {
        let filter = SearchQuery("after:2026-10-01 before:2026-11-01").filter
        #expect(filter.after == Timestamp("2026-10-01T00:00:00Z"))
        #expect(filter.before == Timestamp("2026-11-01T00:00:00Z"))
    }

    @Test("a query of any length is read in bounded time, its tail ignored")
    func long() {
        let query = SearchQuery(String(repeating: "in:\"", count: 100_000))
        #expect(query.text.count <= SearchQuery.longest + 10)
        #expect(SearchQuery(String(repeating: "a ", count: 100_000)).words.count == SearchQuery.longest / 2)
    }

    private static func query(_ change: (inout SearchQuery) -> Void) -> SearchQuery {
        var query = SearchQuery()
        change(&query)
        return query
    }

    private static func day(_ year: Int, _ month: Int, _ day: Int) -> CivilDate? { CivilDate(year: year, month: month, day: day) }
}

@Suite("Console words and figures")
struct ConsoleWordsTests {
    @Test(
        "text never becomes markup",
        arguments: [
            ("<b>", "&lt;b&gt;"), ("\"'&", "&quot;&#39;&amp;"), ("&amp;", "&amp;amp;"),
            ("a\u{0}b\u{1B}c\u{85}", "a\u{FFFD}b\u{FFFD}c\u{FFFD}"),
            ("a\r\nb\tc", "a\nb\tc"), ("写真 دعوة", "写真 دعوة"),
        ])
    func escapes(text: String, expected: String) {
        let html: HTML = "<p title=\"\(text)\">\(text)</p>"
        #expect(html.markup == "<p title=\"\(expected)\">\(expected)</p>")
    }

    @Test("foreign text is isolated from the direction of what stands around it")
    func isolates() {
        #expect(HTML.foreign("\u{202E}abc").markup == "<bdi>\u{202E}abc</bdi>")
    }

    @Test(
        "shares are whole percents, and never all or nothing unless it is so",
        arguments: [(0, 4, "0 %"), (3, 4, "75 %"), (4, 4, "100 %"), (1, 10_000, "1 %"), (9_999, 10_000, "99 %")])
    func shares(part: Int, whole: Int, expected: String) {
        #expect(Figure.share(part, of: whole) == expected)
    }

    @Test("there is no share of nothing")
    func noShare() { #expect(Figure.share(0, of: 0) == nil) }

    @Test(
        "numbers are grouped by thousands",
        arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")])
    func grouped(number: Int, expected: String) { #expect(Figure.grouped(number) == expected) }

    @Test("the bar's parts add up to the recipients, in order, without gaps")
    func bar() throws {
        let states: [DeliveryState: Int] = [.delivered: 140, .bounced: 6, .deferred: 3, .cancelled: 1, .failed: 0]
        let svg = StateBar.svg(states).markup
        let parts = svg.matches(of: /x="(\d+)" width="(\d+)"/).map { (Int($0.1) ?? -1, Int($0.2) ?? -1) }
        #expect(parts.map(\.1).reduce(0, +) == 150)
        #expect(parts.map(\.0) == [0, 140, 143, 149])
        #expect(svg.contains("viewBox=\"0 0 150 1\""))
        #expect(svg.contains("aria-label=\"140 delivered, 3 deferred, 6 bounced, 1 cancelled\""))
    }

    @Test("every state stands in the bar's order once")
    func order() {
        #expect(Set(StateBar.order) == Set(DeliveryState.allCases) && StateBar.order.count == DeliveryState.allCases.count)
    }

    @Test(
        "times are short where the day is plain",
        arguments: [
            ("2026-11-22T09:05:00Z", ">09:05<"), ("2026-11-21T23:59:59Z", ">21 Nov, 23:59<"),
            ("2025-12-31T08:00:00Z", ">31 Dec 2025<"),
        ])
    func brief(time: String, expected: String) throws {
        let moment = try #require(Timestamp(time))
        let html = Moment.brief(moment, now: ConsoleFixture.now).markup
        #expect(html.contains(expected))
        #expect(html.contains("datetime=\"\(time)\""))
    }

    @Test(
        "a weekday is the right one",
        arguments: [
            ("1969-12-31T00:00:00Z", "Wednesday 31 Dec"), ("1970-01-01T00:00:00Z", "Thursday 1 Jan"),
            ("2026-11-22T12:00:00Z", "Sunday 22 Nov"),
        ])
    func weekday(time: String, expected: String) throws {
        #expect(Moment.spoken(try #require(Timestamp(time))).markup.contains(">\(expected), "))
    }

    @Test(
        "after signing in one only goes on to a page of ours",
        arguments: [
            ("/emails?q=a", "/emails?q=a"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil.example", "/"),
            ("", "/"),
            ("/a\r\nSet-Cookie: x=y", "/"),
        ])
    func next(given: String, expected: String) { #expect(SignInView.safe(next: given) == expected) }
}
