import Mail
import Testing

@Suite("Merge fields")
struct MergeTemplateTests {
    private static let values = ["name": "Ann <b> & \"Co\"", "empty": "", "city": "Köln"]

    @Test(
        "puts values in, escaped in HTML and not in text",
        arguments: [
            ("Hi {{name}}!", "Hi Ann &lt;b&gt; &amp; &quot;Co&quot;!", "Hi Ann <b> & \"Co\"!"),
            ("{{{name}}}{{&name}}", "Ann <b> & \"Co\"Ann <b> & \"Co\"", "Ann <b> & \"Co\"Ann <b> & \"Co\""),
            ("{{ city }}", "Köln", "Köln"),
            ("{{missing}}.", ".", "."),
            ("{{#name}}a{{#empty}}b{{/empty}}c{{/name}}d", "acd", "acd"),
            ("{{^name}}a{{/name}}{{^empty}}b{{/empty}}{{^missing}}c{{/missing}}", "bc", "bc"),
            ("{{! a\nremark }}x", "x", "x"),
            ("a {{ b", "a {{ b", "a {{ b"),
            ("a }} b { c } {{}} d", "a }} b { c } {{}} d", "a }} b { c } {{}} d"),
            ("  \r\n {{city}} \r\n ", "  \r\n Köln \r\n ", "  \r\n Köln \r\n "),
            ("", "", ""),
        ])
    func renders(template: String, html: String, text: String) throws {
        let template = try MergeTemplate(template)
        #expect(template.render(Self.values, html: true) == html)
        #expect(template.render(Self.values, html: false) == text)
    }

    @Test("a value cannot hide a quote behind a combining character")
    func combining() throws {
        let rendered = try MergeTemplate("<a title=\"{{x}}\">").render(
            ["x": "\"\u{301} onmouseover=\"y\u{338}<\u{338}"], html: true)
        #expect(rendered.utf8.filter { $0 == UInt8(ascii: "\"") }.count == 2)
        #expect(rendered.utf8.filter { $0 == UInt8(ascii: "<") }.count == 1)
    }

    @Test(
        "says what is wrong",
        arguments: ["{{#a}}", "{{/a}}", "{{#a}}{{#b}}{{/a}}{{/b}}", "{{> file}}", "{{=<% %>=}}", "{{$a}}{{/a}}"])
    func refuses(template: String) {
        #expect(throws: MergeTemplate.Malformed.self) { try MergeTemplate(template) }
    }

    @Test("twenty thousand nested sections neither trap nor take long")
    func deep() throws {
        let count = 20_000
        let template = String(repeating: "{{#a}}", count: count) + "x" + String(repeating: "{{/a}}", count: count)
        #expect(try MergeTemplate(template).render(["a": "1"], html: true) == "x")
        #expect(try MergeTemplate(template).render([:], html: true) == "")
    }
}
