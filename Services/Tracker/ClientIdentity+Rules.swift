extension ClientIdentity {
    /// Judges a User-Agent: hostile text, of which nothing is repeated.
    ///
    /// The first rule that fits decides. Where nothing is known it counts as a person: a figure a little too high is seen and
    /// questioned, one that is too low is believed.
    init(userAgent: String?) {
        guard let userAgent, !userAgent.isEmpty else {
            self.init(name: "Unknown program", kind: .machine, why: "It does not say what it is; mail programs and browsers do.")
            return
        }
        let text = userAgent.lowercased()
        let rule = Self.rules.first { rule in rule.marks.contains { text.contains($0) } }
        if let rule {
            self.init(name: rule.name, kind: rule.kind, why: rule.why)
        } else if text == "mozilla/5.0" {
            self.init(
                name: "Apple Mail (privacy proxy)", kind: .machine,
                why: "Apple's privacy protection loads images for every message, read or not, and says no more than this.")
        } else {
            self.init(name: "Unknown program", kind: .person, why: "Nothing speaks against a person.")
        }
    }

    private struct Rule {
        /// Any of these, in lower case, anywhere in the User-Agent.
        let marks: [String]
        let name: String
        let kind: Kind
        let why: String
    }

    /// Scanners and crawlers first: many of them name a browser as well.
    private static let rules: [Rule] =
        [
            Rule(
                marks: ["googleimageproxy"], name: "Gmail (image proxy)", kind: .proxy,
                why: "Google fetches the image when the message is opened; it hides who did."),
            Rule(
                marks: ["yahoomailproxy"], name: "Yahoo Mail (image proxy)", kind: .proxy,
                why: "Yahoo fetches the image when the message is opened; it hides who did."),
            Rule(
                marks: [
                    "barracuda", "proofpoint", "mimecast", "symantec", "trendmicro", "sophos", "fireeye", "trellix", "ironport",
                    "safelinks", "bitdefender", "kaspersky", "forcepoint", "fortinet", "messagelabs", "checkpoint", "zscaler",
                    "virustotal", "urlscan", "paloalto",
                ], name: "Security scanner", kind: .machine,
                why: "It names a security product that checks mail before people see it."),
            Rule(
                marks: [
                    "bot/", "bot;", "bot)", "googlebot", "bingbot", "bingpreview", "crawler", "spider", "slurp",
                    "facebookexternalhit",
                    "whatsapp/", "telegrambot", "slackbot", "discordbot", "skypeuripreview", "linkedinbot", "twitterbot",
                ], name: "Crawler or link preview", kind: .machine, why: "It names a program that fetches pages on its own."),
            Rule(
                marks: [
                    "headlesschrome", "phantomjs", "puppeteer", "playwright", "selenium", "curl/", "wget/", "python-requests",
                    "python-urllib", "aiohttp", "httpx", "go-http-client", "java/", "apache-httpclient", "libwww-perl",
                    "node-fetch", "axios/", "scrapy", "powershell", "ruby/", "guzzlehttp",
                ], name: "Program", kind: .machine, why: "It names a programming library or a browser without a person."),
        ] + people

    private static let people: [Rule] = [
        ("thunderbird", "Thunderbird"), ("microsoft outlook", "Outlook"), ("msoffice", "Outlook"),
        ("outlook-ios", "Outlook on iOS"),
        ("outlook-android", "Outlook on Android"), ("airmail", "Airmail"), ("lotus-notes", "Notes"), ("k-9", "K-9 Mail"),
        ("edg/", "Edge"), ("opr/", "Opera"), ("samsungbrowser", "Samsung Internet"), ("firefox/", "Firefox"),
        ("fxios/", "Firefox on iOS"),
        ("crios/", "Chrome on iOS"), ("chrome/", "Chrome"), ("iphone", "iPhone"), ("ipad", "iPad"), ("safari/", "Safari"),
        ("macintosh", "Mac"), ("android", "Android"),
    ].map { Rule(marks: [$0.0], name: $0.1, kind: .person, why: "It names a mail program or browser that people use.") }
}
