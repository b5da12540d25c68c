import Foundation
import MIME
import Mail
import Testing

@testable import Sender

/// Another parser's opinion: before and after, the tree is the same but for where links lead, and no link was missed.
@Suite("Links as another HTML parser sees them")
struct LinkOracleTests {
    private static let front = "http://t.example/c/"

    /// Compares the trees of a text and of what the rewriter makes of it.
    /// - Parameter isWhole: Whether the text is good enough for both parsers to agree on what is a link.
    /// - Returns: How many links were changed.
    @discardableResult
    private func compare(_ html: [UInt8], isWhole: Bool = true, _ comment: Comment) -> Int {
        let rewritten = LinkRewriter(publicURL: "http://t.example").rewrite(html, pixel: nil) { number, _ in
            "\(Self.front)\(number)"
        }
        let targets = rewritten.links.map(\.target)
        compare(GumboTree(html), GumboTree(rewritten.html), targets, isWhole: isWhole, comment)
        let twice = LinkRewriter(publicURL: "http://t.example").rewrite(rewritten.html, pixel: nil) { _, _ in "\(Self.front)again" }
        let isSame = twice.html == rewritten.html
        #expect(isSame, comment)
        return targets.count
    }

    private func compare(_ before: GumboTree, _ after: GumboTree, _ targets: [String], isWhole: Bool, _ comment: Comment) {
        guard before.events.count == after.events.count else {
            Issue.record("\(comment): \(before.events.count) nodes became \(after.events.count)")
            return
        }
        for (old, new) in zip(before.events, after.events) where old != new || isWhole {
            switch (old, new) {
            case (.open(let name, var attributes), .open(let newName, var changed)) where name == newName:
                let link = attributes.removeValue(forKey: "href")
                let tracked = changed.removeValue(forKey: "href")
                #expect(attributes == changed, comment)
                guard link != tracked else {
                    if isWhole, name == "a" || name == "area", let link {
                        #expect(!Self.isToBeTracked(link, attributes), "\(comment): \(link)")
                    }
                    continue
                }
                #expect(name == "a" || name == "area" || name.hasPrefix("v:"), comment)
                let number = tracked.flatMap { Int($0.dropFirst(Self.front.count)) }
                guard let link, let number, targets.indices.contains(number) else {
                    Issue.record("\(comment): \(link ?? "nothing") became \(tracked ?? "nothing")")
                    continue
                }
                #expect(targets[number] == link.trimmingCharacters(in: .whitespacesAndNewlines), comment)
            case (.comment(let old), .comment(let new)) where old != new:
                guard let old = Self.conditional(old), let new = Self.conditional(new) else {
                    Issue.record("\(comment): a comment changed")
                    continue
                }
                compare(GumboTree(old), GumboTree(new), targets, isWhole: isWhole, comment)
            default: #expect(old == new, comment)
            }
        }
    }

    /// The inside of an Outlook comment.
    private static func conditional(_ comment: String) -> [UInt8]? {
        guard comment.trimmingCharacters(in: .whitespacesAndNewlines).lowercased().hasPrefix("[if"),
            let start = comment.range(of: "]>")
        else { return nil }
        return Array(comment[start.upperBound...].utf8)
    }

    private static func isToBeTracked(_ link: String, _ attributes: [String: String]) -> Bool {
        let target = link.trimmingCharacters(in: .whitespacesAndNewlines)
        let lowered = target.lowercased()
        return TrackingKeys.isTrackable(target) && attributes["data-waybill-track"]?.lowercased() != "off"
            && !target.hasPrefix(Self.front) && !target.contains("\u{FFFD}") && !target.contains("…")
            && !["unsubscribe", "opt-out"].contains { lowered.contains($0) }
    }

    // MARK: - Texts

    /// The pieces of which newsletters are made, right and not so right.
    private static let blocks = [
        "<p>Hello <b>Ann<p>Your <a href=\"https://x.example/?a=1&amp;b=2&copy=3&lt\">photos</a> are <i>ready</b>!</i>",
        "<table border=0 cellpadding=0 role=presentation><tr><td align=center bgcolor=\"#ffffff\"><a href=https://x.example/b?c=d/e target=_blank>Go<td>x</table>",
        """
        <!--[if mso]><v:roundrect xmlns:v="urn:schemas-microsoft-com:vml" href="https://x.example/vml?a=1&amp;b" style="height:40px" arcsize="10%" stroke="f">
        <w:anchorlock/><center>Go</center></v:roundrect><![endif]--><!--[if !mso]><!-- --><a href="https://x.example/vml?a=1&amp;b"
        style='background:url("x.png");color:#fff'>Go</a><!--<![endif]-->
        """,
        "<!--[if gte mso 9]><xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><![endif]-->",
        "<!--[if (gte mso 9)|(IE)]><table width=\"600\"><tr><td><a href='https://x.example/ie'>ie</a><![endif]-->",
        "<![if !mso]><a href=\"https://x.example/revealed\">y</a><![endif]>",
        "<style type=text/css>a[href^=\"https://x\"]{color:red} /* <a href=\"https://x.example/style\"> */ @media(max-width:600px){td>a{x:y}}</style>",
        "<script>document.write('<a href=\"https://x.example/script\">');if(a<b)c();</script>",
        "<A HREF='https://x.example/upper' CLASS=\"A B\" DATA-X='\"' TITLE='it is \"quoted\" > so'>UPPER</A>",
        "<a class=\"x\"href=\"https://x.example/nospace\"title='y'>z</a>",
        "<a href=\"https://x.example/first\" href=\"https://x.example/second\" HREF=x>double</a>",
        "<a href = \"  https://x.example/spaces  \" >s</a><a href\n=\nhttps://x.example/lines\n>l</a>",
        "<map name=m><area shape=rect coords=\"0,0,1,1\" href=\"https://x.example/area\" alt=x></map>",
        "<a href=\"mailto:a@b.example?subject=x\">m</a><a href=tel:+49123>t</a><a href=\"#top\">#</a><a name=top></a><a href>e</a><a href=''>e</a>",
        "<a href=\"https://x.example/unsubscribe?x=1\">u</a><a data-waybill-track=off href=https://x.example/off>o</a>",
        "<textarea><a href=\"https://x.example/textarea\"></textarea><title><a href=\"https://x.example/title\"></title>",
        "<svg viewBox=\"0 0 1 1\"><a href=\"https://x.example/svg\"><path d=\"M0 0\"/></a></svg><math><mi>x</mi></math>",
        "<!-- <a href=\"https://x.example/comment\"> --><!----><!--> <a href='https://x.example/after'>x</a><!-- a -- b --!>",
        "<ul><li><a href=\"https://x.example/li\">one<li>two</ul><a href=\"https://x.example/open\">never closed",
        "<a href=\"https://x.example/1\">one <a href=\"https://x.example/2\">nested</a> text</a>",
        "<img src=\"https://x.example/i.png\" alt='a > b \"c\"'><br/><hr><input value='<a href=\"https://x.example/value\">'>",
        "<div>5 < 6 && 7 > 3 &nbsp;&copy;&Auml;&#8364;&#x20AC; &unknown; &amp&lt</div>",
        "<a href=\"https://x.example/ünï?q=日本\">ü</a><a href='https://x.example/&#38;&#x26;&quot;&apos;'>r</a>",
        "<a href=\"https://x.example/?a=1&not=2&para=3&reg;4&times\">e</a>",
        "<noscript><a href=\"https://x.example/noscript\">n</a></noscript><iframe><a href='https://x.example/iframe'></iframe>",
        "<select><option>x<option>y</select><form action=\"https://x.example/f\"><button>b</button></form>",
        "<? php echo '<a href=\"https://x.example/php\">' ?></p></td></tr>",
        "<center><font color=red><a href=\"https://x.example/font\"><font size=2>f</a></font></center>",
    ]

    private static func newsletter(_ seed: UInt64) -> String {
        var random = Sequenced(state: seed)
        var html =
            random.next() % 4 == 0
            ? "" : "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/x.dtd\">\n"
        html +=
            "<html xmlns:v=\"urn:schemas-microsoft-com:vml\"><head><meta charset=utf-8><title>News &amp; more</title></head>\r\n<body bgcolor=#fff>"
        for _ in 0..<(1 + random.next() % 12) {
            html += blocks[Int(random.next() % UInt64(blocks.count))]
            html += ["", "\n", "\r\n\t", " "][Int(random.next() % 4)]
        }
        return random.next() % 3 == 0 ? html : html + "</body></html>\n"
    }

    @Test("the other parser sees what is there, and what changed")
    func oracle() {
        let events = GumboTree(Array("<p>x<A HREF='y&amp;z'>w</a><!--v-->".utf8)).events
        #expect(events.contains(.open(name: "a", attributes: ["href": "y&z"])))
        #expect(events.contains(.text("w")) && events.contains(.comment("v")))
        for (old, new) in [("a", "b"), ("<!--a-->", "<!--b-->"), ("<p id=a>", "<p id=b>")] {
            withKnownIssue("what changed is found") {
                compare(GumboTree(Array(old.utf8)), GumboTree(Array(new.utf8)), [], isWhole: false, "on purpose")
            }
        }
        let missed = GumboTree(Array("<a href=http://x.example>".utf8))
        withKnownIssue("a link that was missed is found") { compare(missed, missed, [], isWhole: true, "on purpose") }
    }

    @Test("each piece by itself", arguments: blocks.indices)
    func pieces(index: Int) {
        compare(Array(Self.blocks[index].utf8), "\(Self.blocks[index])")
    }

    @Test("newsletters", arguments: 0..<4)
    func newsletters(part: UInt64) {
        var links = 0
        for seed in (part * 500)..<((part + 1) * 500) {
            let html = Self.newsletter(seed)
            links += compare(Array(html.utf8), "seed \(seed)")
        }
        #expect(links > 1000)
    }

    @Test("newsletters that something was cut from or dropped into", arguments: 0..<4)
    func damaged(part: UInt64) {
        for seed in (part * 500)..<((part + 1) * 500) {
            var random = Sequenced(state: seed)
            var html = Array(Self.newsletter(seed).utf8)
            // In foreign content raw text and CDATA mean something else; a break there is not worth telling apart.
            guard !String(decoding: html, as: UTF8.self).contains("<svg") else { continue }
            for _ in 0..<(1 + random.next() % 6) {
                let place = Int(random.next() % UInt64(html.count))
                switch random.next() % 3 {
                case 0: html.remove(at: place)
                case 1: html.insert([0, 0xFF, 0xC3, 0x22, 0x27, 0x3C, 0x3E, 0x26, 0x2D, 0x20][Int(random.next() % 10)], at: place)
                default: html.removeSubrange(place..<min(html.count, place + Int(random.next() % 40)))
                }
                if html.isEmpty { html = [0x20] }
            }
            compare(html, isWhole: false, "seed \(seed): \(String(decoding: html, as: UTF8.self))")
        }
    }

    @Test("with the pixel a whole newsletter has one image more and nothing else", arguments: 0..<200)
    func pixel(seed: UInt64) {
        let blocks = Self.blocks.prefix(3) + ["<p>x</p>"]
        var random = Sequenced(state: seed)
        let inside = (0..<5).map { _ in blocks[Int(random.next() % UInt64(blocks.count))] }.joined()
        let html = Array("<html><head></head><body><div>\(inside)</div></body></html>".utf8)
        let rewriter = LinkRewriter(publicURL: "http://t.example")
        let pixel = rewriter.rewrite(html, pixel: "http://t.example/o/p") { _, _ in nil }
        let image = GumboTree.Event.open(
            name: "img",
            attributes: [
                "src": "http://t.example/o/p", "width": "1", "height": "1", "alt": "", "style": "display:block;border:0",
            ])
        var events = GumboTree(pixel.html).events
        let place = events.firstIndex(of: image)
        #expect(events.filter { $0 == image }.count == 1)
        if let place { events.removeSubrange(place...(place + 1)) }
        let before = GumboTree(html).events
        #expect(events == before || events.count > before.count, "formatting that was left open goes on over the image")
        #expect(rewriter.rewrite(pixel.html, pixel: "http://t.example/o/q") { _, _ in nil }.html == pixel.html)
    }
}
