import Foundation
import MIME
import Mail
import Testing

@testable import Sender

@Suite("Links and the pixel change nothing but themselves")
struct LinkRewriterTests {
    private static let rewriter = LinkRewriter(publicURL: "http://t.example")

    private static func rewrite(_ html: String, pixel: String? = nil) -> LinkRewriter.Rewritten {
        rewriter.rewrite(Array(html.utf8), pixel: pixel) { number, _ in "http://t.example/c/\(number)" }
    }

    private static func text(_ rewritten: LinkRewriter.Rewritten) -> String { String(decoding: rewritten.html, as: UTF8.self) }

    @Test(
        "follows a link whatever its quotes, case and spaces",
        arguments: [
            (#"<a href="http://x.example/">x</a>"#, #"<a href="http://t.example/c/0">x</a>"#),
            (#"<a href='http://x.example/'>x</a>"#, #"<a href='http://t.example/c/0'>x</a>"#),
            ("<a href=http://x.example/>x</a>", "<a href=http://t.example/c/0>x</a>"),
            ("<a href=http://x.example/ class=y>x</a>", "<a href=http://t.example/c/0 class=y>x</a>"),
            ("<A class='>' HREF = \"http://x.example/\" >x</A>", "<A class='>' HREF = \"http://t.example/c/0\" >x</A>"),
            ("<a\n\thref\n=\n\"http://x.example/\">x", "<a\n\thref\n=\n\"http://t.example/c/0\">x"),
            (#"<a/href="http://x.example/"/>x"#, #"<a/href="http://t.example/c/0"/>x"#),
            (#"<a title=a"b href="https://x.example/">x"#, #"<a title=a"b href="http://t.example/c/0">x"#),
            (#"<area href="HTTPS://x.example/">"#, #"<area href="http://t.example/c/0">"#),
            (
                #"<a href="http://1.example/" href="http://2.example/">"#,
                #"<a href="http://t.example/c/0" href="http://2.example/">"#
            ),
            (#"<p>1 < 2 <a href="http://x.example/">x"#, #"<p>1 < 2 <a href="http://t.example/c/0">x"#),
            (
                #"<!--[if mso]><a href="http://x.example/">x</a><![endif]--><a href="http://y.example/">"#,
                #"<!--[if mso]><a href="http://t.example/c/0">x</a><![endif]--><a href="http://t.example/c/1">"#
            ),
            (
                #"<!--[if !mso]><!--><a href="http://x.example/">x</a><!--<![endif]-->"#,
                #"<!--[if !mso]><!--><a href="http://t.example/c/0">x</a><!--<![endif]-->"#
            ),
            (
                #"<!--[if mso]><v:roundrect href="http://x.example/"></v:roundrect><![endif]-->"#,
                #"<!--[if mso]><v:roundrect href="http://t.example/c/0"></v:roundrect><![endif]-->"#
            ),
            (#"<![if !mso]><a href="http://x.example/"><![endif]>"#, #"<![if !mso]><a href="http://t.example/c/0"><![endif]>"#),
            (
                #"<!--[if mso]><style></style"><!--[--><a href="http://x.example/">"#,
                #"<!--[if mso]><style></style"><!--[--><a href="http://t.example/c/0">"#
            ),
        ])
    func follows(html: String, expected: String) {
        #expect(Self.text(Self.rewrite(html)) == expected)
    }

    @Test(
        "leaves alone what is no link to follow",
        arguments: [
            #"<a href="mailto:ann@example.net">"#, #"<a href="tel:+491234">"#, ##"<a href="#top">"##, #"<a href="/relative">"#,
            #"<a href="//x.example/">"#, #"<a href="javascript:alert(1)">"#, #"<a href="data:text/html,x">"#,
            #"<a href="cid:part1@x">"#, #"<a href="">"#, "<a href>", "<a href=>", "<a>", #"<a href="ftp://x.example/">"#,
            #"<a href="http://x.example/unsubscribe?u=1">"#, #"<a href="https://x.example/Opt-Out/">"#,
            #"<a data-waybill-track="off" href="http://x.example/">"#, #"<a href='http://x.example/' DATA-WAYBILL-TRACK=OFF>"#,
            #"<a href="http://t.example/c/abc">"#, #"<a href="http://t.example/u/abc">"#,
            #"<!-- <a href="http://x.example/"> -->"#, #"<!-- <a href="http://x.example/">"#,
            #"<![CDATA[<a href="http://x.example/">]]>"#, #"<script>"<a href='http://x.example/'>"</script>"#,
            #"<style>/*<a href="http://x.example/">*/</style>"#, #"<textarea><a href="http://x.example/"></textarea>"#,
            #"<title><a href="http://x.example/"></TITLE >"#, #"<xmp><a href="http://x.example/"></xmp>"#,
            #"<script><a href="http://x.example/">"#, #"<plaintext><a href="http://x.example/">"#,
            #"<a href="http://x.example/"#, #"<a href="http://x.example/" "#, #"<a href='http://x.example/>"#,
            #"<abbr href="http://x.example/">"#, #"<link href="http://x.example/">"#, #"<img src="http://x.example/">"#,
            #"<a href="http://x.example/a b">"#, #"<a href="http://x.example/&notaname;">"#, #"<a href="http://x.example/&#0;">"#,
            #"</a href="http://x.example/">"#, #"<?a href="http://x.example/">"#, #"<!a href="http://x.example/">"#,
            "<", "</", "<a", "<!", "<!-", "<!--", "<!---", "<!-->", "", "<!--[if", "<!--[if mso]>", "<!--[if mso]><a href=",
        ])
    func leavesAlone(html: String) {
        let rewritten = Self.rewrite(html)
        #expect(Self.text(rewritten) == html)
        #expect(rewritten.links.isEmpty)
    }

    @Test("leaves a link alone whose target is too long to sign")
    func tooLong() {
        let html = "<a href=\"http://x.example/\(String(repeating: "a", count: 2100))\">"
        #expect(Self.text(Self.rewrite(html)) == html)
    }

    @Test(
        "signs what a browser would follow, with its character references decoded",
        arguments: [
            ("http://x.example/?a=1&amp;b=2", "http://x.example/?a=1&b=2"),
            ("http://x.example/?a=1&b=2", "http://x.example/?a=1&b=2"),
            ("http://x.example/?a=1&#38;b=2&#x26;c=3&#x26", "http://x.example/?a=1&b=2&c=3&"),
            ("http://x.example/?a=1&copy=2", "http://x.example/?a=1&copy=2"),
            ("http://x.example/?a=1&copy;", "http://x.example/?a=1©"),
            ("http://x.example/?a&copy", "http://x.example/?a©"),
            ("http://x.example/?a&notit", "http://x.example/?a&notit"),
            ("http://x.example/?a&amp", "http://x.example/?a&"),
            ("http://x.example/?q=&quot;x&apos;", "http://x.example/?q=\"x'"),
            ("  http://x.example/ \n", "http://x.example/"),
            ("http://x.example/ünï", "http://x.example/ünï"),
            ("http://x.example/&", "http://x.example/&"),
            ("http://x.example/?a=1&&amp;&;", "http://x.example/?a=1&&&;"),
        ])
    func decodes(value: String, target: String) {
        let rewritten = Self.rewrite("<a href=\"\(value)\">")
        #expect(rewritten.links.map(\.target) == [target])
        #expect(rewritten.links.map(\.original) == [value])
        #expect(rewritten.links.map(\.offset) == [9])
    }

    @Test(
        "puts one pixel before the last end of the body, or at the end",
        arguments: [
            ("<body>x</body></html>", "<body>x|</body></html>"),
            ("x", "x|"), ("", "|"), ("x<a href='y'", "x|<a href='y'"), ("x<!-- y", "x|<!-- y"), ("x<style>y", "x|<style>y"),
            ("x</", "x|</"), ("x<", "x<|"), ("x<style>y</style ", "x|<style>y</style "),
            ("x<style>y</style></style ", "x<style>y</style>|</style "),
            ("x<!--[if mso]><style><![endif]-->", "x<!--[if mso]><style><![endif]-->|"),
            ("<body>a</body>b</BODY >c", "<body>a</body>b|</BODY >c"),
            ("<body>x<!-- </body> -->y", "<body>x<!-- </body> -->y|"),
            ("<body>x</body><!--[if mso]></body><![endif]-->", "<body>x|</body><!--[if mso]></body><![endif]-->"),
            ("<body><script>'</body>'</script>x</body>", "<body><script>'</body>'</script>x|</body>"),
        ])
    func pixel(html: String, expected: String) {
        let pixel = "http://t.example/o/abc"
        let rewritten = Self.rewrite(html, pixel: pixel)
        #expect(Self.text(rewritten) == expected.replacing("|", with: LinkRewriter.image(pixel)))
    }

    @Test("puts the pixel in its place even where links follow it")
    func pixelAmongLinks() {
        let html = #"<a href="http://1.example/"></body><a href="http://2.example/">"#
        let pixel = LinkRewriter.image("http://t.example/o/p")
        #expect(
            Self.text(Self.rewrite(html, pixel: "http://t.example/o/p"))
                == #"<a href="http://t.example/c/0">\#(pixel)</body><a href="http://t.example/c/1">"#)
    }

    @Test("bytes that are not UTF-8 stay, and a link with such bytes is left alone")
    func notUTF8() {
        let html =
            Array("<p>".utf8) + [0xFF, 0xC3, 0x28] + Array(#"<a href="http://x.example/"#.utf8) + [0xFF] + Array(#"">"#.utf8)
        let rewritten = Self.rewriter.rewrite(html, pixel: nil) { _, _ in "http://t.example/c/x" }
        #expect(rewritten.html == html)
    }

    /// Random text from the pieces that tokenizers stumble over.
    private static func soup(seed: UInt64) -> [UInt8] {
        var random = Sequenced(state: seed)
        let pieces: [String] = [
            "<a href=\"http://x.example/?a=1&amp;b\">", "<a href='https://y.example'", "<A HREF=http://z.example>", "</a>", "<!--",
            "-->", "<!--[if mso]>", "<![endif]-->", "<![CDATA[", "]]>", "<script>", "</script>", "<style>", "</style ", "<title>",
            "</title>", "</body>", "<body>", "\"", "'", "<", ">", "&", "=", "/", " ", "\n", "x",
            "<img src=\"http://t.example/o/1\">",
            "<area href=", "http://w.example/", "<!", "<?", "--", "!>", "\u{0}", "é", "<textarea>", "</textarea>",
            "data-waybill-track=off",
        ]
        var html: [UInt8] = []
        for _ in 0..<(random.next() % 40) {
            if random.next() % 12 == 0 {
                html.append(UInt8(truncatingIfNeeded: random.next()))
            } else {
                html += pieces[Int(random.next() % UInt64(pieces.count))].utf8
            }
        }
        return html
    }

    @Test("taking the changes out again gives the original bytes, and a second run changes nothing", arguments: 0..<8)
    func reversible(part: UInt64) {
        for seed in (part * 5000)..<((part + 1) * 5000) {
            let html = Self.soup(seed: seed)
            let once = Self.rewriter.rewrite(html, pixel: "http://t.example/o/p") { "http://t.example/c/\($0)_\($1.utf8.count)" }

            var restored: [UInt8] = []
            var from = 0
            var edits = once.links.map { ($0.offset, Array($0.original.utf8), Array(HTMLEntities.escape($0.tracking).utf8)) }
            if let offset = once.pixelOffset { edits.append((offset, [], Array(LinkRewriter.image("http://t.example/o/p").utf8))) }
            var position = 0
            for (offset, original, replacement) in edits.sorted(by: { $0.0 < $1.0 }) {
                let unchanged = offset - from
                restored += once.html[position..<position + unchanged]
                position += unchanged
                #expect(Array(once.html[position..<position + replacement.count]) == replacement)
                restored += original
                position += replacement.count
                from = offset + original.count
            }
            restored += once.html[position...]
            #expect(restored == html, "seed \(seed)")

            let twice = Self.rewriter.rewrite(once.html, pixel: "http://t.example/o/q") { number, _ in
                "http://t.example/c/again\(number)"
            }
            let isSame = twice.html == once.html
            #expect(isSame, "seed \(seed): \(String(decoding: html, as: UTF8.self).debugDescription)")
        }
    }

    @Test("a whole mail run twice is the same mail")
    func idempotent() {
        let html = """
            <!doctype html><html><head><title>x</title></head><body><p><a href="https://x.example/?a=1&amp;b=2">x</a>
            <!--[if mso]><a href="https://y.example/">y</a><![endif]--></p></body></html>
            """
        let once = Self.rewrite(html, pixel: "http://t.example/o/p")
        #expect(once.links.count == 2)
        let twice = Self.rewriter.rewrite(once.html, pixel: "http://t.example/o/q") { _, _ in "http://t.example/c/other" }
        #expect(twice.html == once.html)
    }

    @Test(
        "time grows no faster than the text",
        arguments: [
            "<a ", "<!--", "<!--[if ]>", "<!--[if -->", "<![CDATA[>", "</script", "<script>", "&amp;", "<a href=\"", "--",
            "<x a=1 ",
            "<a href=http://x>y",
        ])
    func linear(piece: String) {
        let html = Array(String(repeating: piece, count: 400_000 / piece.utf8.count).utf8)
        let inside = Array("<!--[if mso]>".utf8) + html + Array("<![endif]-->".utf8)
        let clock = ContinuousClock()
        // Quadratic time is minutes here.
        for html in [html, inside] {
            let took = clock.measure { _ = Self.rewriter.rewrite(html, pixel: nil) { _, _ in nil } }
            #expect(took < .seconds(20))
        }
    }

    @Test("links that are never closed take no longer as text")
    func linearText() {
        let text = String(repeating: "<a href=http://x>", count: 20_000) + "y" + String(repeating: "</a>", count: 20_000)
        #expect(ContinuousClock().measure { _ = PlainText.derived(from: text) } < .seconds(20))
    }

    @Test("the tokens of a delivery's links verify and say where they lead")
    func tokens() throws {
        let keys = try #require(TrackingKeys(secret: String(repeating: "s", count: 32)))
        let delivery = DeliveryID.derived(from: "d")
        let links = TrackingLinks(publicURL: "http://t.example", keys: keys, organization: "acme", delivery: delivery)
        let html = #"<body><a href="https://x.example/?a=1&amp;b=2">x</a></body>"#
        let rewritten = links.rewrite(Array(html.utf8), track: Tracking())
        let link = try #require(rewritten.links.first)
        let token = try #require(keys.verify(String(link.tracking.dropFirst("http://t.example/c/".count))))
        #expect(token.purpose == .click(link: 0, target: "https://x.example/?a=1&b=2"))
        #expect(token.delivery == delivery)
        #expect(rewritten.pixelOffset != nil)
        let untracked = links.rewrite(Array(html.utf8), track: Tracking(opens: false, clicks: false))
        #expect(untracked.html == Array(html.utf8))
    }
}

/// SplitMix64: the same sequence for the same seed.
struct Sequenced: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
