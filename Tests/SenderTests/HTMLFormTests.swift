import MIME
import Mail
import Testing

@testable import Sender

@Suite("What is worked out once for a mailing changes no byte of any mail")
struct HTMLFormTests {
    private static let publicURL = "http://t.example"
    private let composer = Composer(publicURL: publicURL, keys: .test, returnPath: .from)

    private static let pieces = [
        "Hello ", "{{x}}", "{{y}}", "\n", "\r\n", "\r", ".", "=", "ü", "日本語", " ", "   \n", "<p>", "</p>", "&", "<", "</", "\u{0}",
        #"<a href="https://x.example/?a=1&amp;b={{x}}">go</a>"#, "<a href='https://y.example/'>", #"<a href="{{z}}">"#,
        #"<a href="{{{z}}}">"#, "{{{r}}}", "<a href={{z}}>", #"<a href=""#, #"<img src="{{z}}">"#,
        "<img src='https://cdn.example/{{x}}.jpg'>", #"<img src="http://t.example/o/{{x}}">"#, "<!-- {{x}} -->", "<!-- c -->",
        #"<!--[if mso]><v:roundrect href="http://q.example/{{x}}">{{x}}</v:roundrect>{{h}}> <![endif]-->"#, "-{{h}}>",
        "<title>{{x}}</title>", "<b {{x}}>", "<{{t}}>", "</body>", "<body>", "<![CDATA[ {{q}}> ]]>", "]]{{q}}>",
        #"{{#y}}<a href="http://s.example/">{{y}}{{/y}}"#, "{{^y}}none{{/y}}", "<script>if (a<b) {{x}}</script>", "<style>{{x}}",
        #"<a href="http://u.example/unsubscribe">"#, #"<a data-waybill-track="{{o}}" href="http://o.example/">"#,
        "<p>The pictures of your day are ready and wait for you in the gallery.</p>\n", String(repeating: "long ", count: 30),
        String(repeating: "word ", count: 190),
    ]

    private static let values: [[String: String]] = [
        [
            "x": "Ann", "y": "", "z": "https://z.example/a?b&c", "r": #"<a href="http://r.example/">"#, "h": "--", "t": "b",
            "q": "]]",
            "o": "off",
        ],
        ["x": "Zoë <&>'\"", "y": "Y", "z": "javascript:x", "r": "<!--", "h": "-", "t": "!--", "q": "x", "o": "on"],
        ["x": "", "y": "a\r\nb", "z": "http://t.example/o/abc", "r": "", "h": "", "t": "", "q": "", "o": ""],
        [
            "x": "\nq\r", "y": "日本", "z": "http://z.example/unsubscribe", "r": "-->", "h": "--!", "t": "/title", "q": "]",
            "o": "OFF",
        ],
    ]

    private struct Dice {
        var state: UInt64
        mutating func roll(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        mutating func text(_ count: Int) -> String { (0..<count).map { _ in pieces[roll(pieces.count)] }.joined() }
    }

    @Test("tags looked for before the values are in it are those that stand there afterwards", arguments: 0..<4)
    func sameAsAfterwards(part: UInt64) throws {
        var dice = Dice(state: part)
        for round in 0..<40 {
            let html = dice.text(1 + dice.roll(round % 3 == 0 ? 60 : 8))
            let track = Tracking(opens: round % 5 != 0, clicks: round % 7 != 0)
            let content = Content.test(html: html, text: dice.text(dice.roll(30)), track: track)
            let (prepared, hash) = (try PreparedContent(content), try content.hash)
            for values in Self.values {
                let job = Job.test(variables: values, content: hash)
                let links = TrackingLinks(
                    publicURL: Self.publicURL, keys: .test, organization: job.organization, delivery: job.delivery)
                let merged = Array(try MergeTemplate(html).render(values, html: true).utf8)
                let rewritten = track.opens || track.clicks ? links.rewrite(merged, track: track).html : merged
                let letter = Letter(
                    from: content.from, replyTo: content.replyTo.map { Mailbox(address: $0) }, to: [job.recipient],
                    subject: "Your photos, ", date: job.acceptedAt, messageID: job.delivery.messageID(from: content.from.address),
                    html: String(decoding: rewritten, as: UTF8.self),
                    text: try content.text.map { try MergeTemplate($0).render(values, html: false) })
                let expected = try letter.compose()
                let bytes = try composer.compose(job, prepared, attachments: []).bytes
                #expect(bytes == expected, "\(html.debugDescription) with \(values)")
            }
        }
    }

    @Test(
        "values are filled in without another look at the tags where they cannot change them",
        arguments: [
            ("<body><p>Hi {{x}}!</p></body>", true), (#"<a href="https://x.example/{{x}}">{{x}}</a>"#, true),
            ("<title>{{x}}</title>", true), ("<img src='https://cdn.example/{{x}}.jpg'>", true), ("{{{x}}}", false),
            ("<a href=https://x.example/{{x}}>", false), ("<{{x}}>", false), ("<!-- {{x}} -->", false),
            (#"<img src="{{x}}">"#, false), (#"<a data-waybill-track="{{x}}" href="https://x.example/">"#, false),
        ])
    func fast(html: String, isFast: Bool) throws {
        let parts = try MergeTemplate(html).parts(for: ["x": "Ann"])
        #expect((HTMLForm(parts, track: Tracking(), publicURL: Self.publicURL) != nil) == isFast)
    }
}
