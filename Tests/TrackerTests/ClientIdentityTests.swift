import Testing

@testable import Tracker

@Suite struct ClientIdentityTests {
    @Test(
        "a User-Agent tells people, proxies and machines apart",
        arguments: [
            (Sample.gmail, "Gmail (image proxy)", ClientIdentity.Kind.proxy), (Sample.thunderbird, "Thunderbird", .person),
            ("Mozilla/5.0", "Apple Mail (privacy proxy)", .machine), (Sample.scanner, "Security scanner", .machine),
            ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "Yahoo Mail (image proxy)", .proxy),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)", "iPhone", .person),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                "Chrome", .person
            ), ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Crawler or link preview", .machine),
            ("curl/8.5.0", "Program", .machine), ("", "Unknown program", .machine), ("something new", "Unknown program", .person),
            (
                "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.5056; ms-office; MSOffice 16)",
                "Outlook",
                .person
            ),
        ])
    func kinds(agent: String, name: String, kind: ClientIdentity.Kind) {
        let client = ClientIdentity(userAgent: agent)
        #expect(client.name == name)
        #expect(client.kind == kind)
        #expect(client.why.hasSuffix("."))
    }
}
