import MIME
import Testing

struct PlainTextTests {
    @Test(
        "the text says what the HTML shows",
        arguments: [
            ("<p>One</p><p>Two</p>", "One\n\nTwo\n"),
            ("a<br>b", "a\nb\n"),
            ("<ul><li>one</li><li>two</li></ul>", "- one\n- two\n"),
            ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two\n"),
            ("<a href=\"https://x.test/?a=1&amp;b=2\">Photos</a>", "Photos <https://x.test/?a=1&b=2>\n"),
            ("<a href=\"https://x.test/\">https://x.test/</a>", "https://x.test/\n"),
            ("Gr&uuml;&szlig;e &amp; K&#252;sse &#x1F389; &lt;3", "Grüße & Küsse 🎉 <3\n"),
            ("<style>p{}</style><script>x()</script><!-- no -->yes", "yes\n"),
            ("<!--[if mso]><p>Outlook</p><![endif]-->all", "all\n"),
            ("<img alt=\"Ann &amp; Bob\" src=x>", "Ann & Bob\n"),
            ("  many   \n  spaces  ", "many spaces\n"),
            ("", ""),
        ])
    func derives(html: String, text: String) {
        #expect(PlainText.derived(from: html) == text)
    }

    @Test(
        "broken HTML gives some text, in time",
        arguments: ["<", "<a", "<a href=", "</", "<!--", "&", "&#", "&#99999999;", "<p", "<<<>>>", "<a href=\"x"])
    func broken(html: String) {
        let many = String(repeating: html, count: 5000)
        let clock = ContinuousClock()
        #expect(clock.measure { _ = PlainText.derived(from: many) } < .seconds(20))
    }
}
