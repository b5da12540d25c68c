import MIME
import Mail

/// Messages of many shapes, to be signed.
enum DKIMMessages {
    /// As they come out of the composer and as nobody should write them: every header with every body.
    static var all: [[UInt8]] {
        get throws {
            let raw = headers.flatMap { header in bodies.map { body in Array((header + "\r\n" + body).utf8) } }
            return raw + headers.prefix(2).map { Array($0.utf8) } + eightBit + (try composed)
        }
    }

    private static let headers = [
        "From: Ann <ann@example.com>\r\nTo: bob@example.net\r\nSubject: Plain\r\nDate: Mon, 24 Nov 2025 16:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n",
        "From: ann@example.com\r\n",
        "from:ann@example.com\r\nTO:bob@example.net\r\nsUbJeCt:no space after the colon\r\nMessage-id:<2@example.com>\r\n",
        "From:  \t Ann   <ann@example.com>  \t\r\nTo:\tbob@example.net\t\r\nSubject:   runs   of\t\tblanks  \r\n",
        "From: Ann\r\n <ann@example.com>\r\nTo: bob@example.net,\r\n\tcarol@example.net,\r\n \t dan@example.net\r\nSubject:\r\n folded at once\r\n  and\r\n\tagain\r\n",
        "From: ann@example.com\r\nSubject: one\r\nSubject: two\r\nTo: a@example.net\r\nTo: b@example.net\r\nTo: c@example.net\r\nSubject: three\r\n",
        "Received: from a by b; Mon, 24 Nov 2025 16:00:00 +0000\r\nX-Other: text\r\n more\r\nFrom: ann@example.com\r\nReceived: from c by d\r\nSubject:\r\nReply-To: \r\n",
        "From: ann@example.com\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nCc: café@example.net\r\nSubject: ☃ naïve\r\n",
        "From: ann@example.com\r\nList-Unsubscribe: <https://t.example/u/AAAA>,\r\n <mailto:leave@example.com>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nAuto-Submitted: auto-generated\r\n",
        "From: ann@example.com\r\nSubject: \(String(repeating: "long ", count: 180))end\r\nTo: \((1...60).map { "person\($0)@example.net" }.joined(separator: ",\r\n "))\r\n",
        "From: ann@example.com\r\nSubject: a:b: c ;d=e; b=f\r\nDKIM-Other: v=1\r\nX: :\r\n",
    ]

    private static let bodies = [
        "", "\r\n", "\r\n\r\n\r\n", " ", " \t \r\n\t\r\n", "text", "text\r\n", "text\r\n\r\n\r\n\r\n", "text \t\r\n \r\n\t\r\n",
        "\r\n\r\n  indented\r\n", "a  b\tc \t d\r\n", "trailing   \r\nblanks\t\t\r\nhere ", ".\r\n..\r\n.dot\r\n",
        "a\r\n\r\n\r\nb\r\n \r\n\r\nc", "Grüße aus Köln ☃ 日本語\r\n", "From: not a header\r\n\r\nSubject: neither\r\n",
        String(repeating: "x", count: 998) + "\r\n", String(repeating: "0123456789 ", count: 4000) + "\r\n",
        String(repeating: "line of text\r\n", count: 3000), String(repeating: "\r\n", count: 9000) + "end\r\n",
        String(repeating: " ", count: 900) + "far\r\n",
        "--b\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>two</p>\r\n--b--\r\n",
        "=20=\r\nsoft =\r\nbreaks=C3=A4\r\n", "\t\r\nx\r\n\t", "\u{B}\u{C}\u{A0}\u{2028} odd blanks\r\n",
    ].map { $0.utf8.count > 998 && !$0.contains("\r\n ") && $0.hasPrefix("0123") ? $0.wrapped : $0 }

    /// Bytes that are no UTF-8.
    private static var eightBit: [[UInt8]] {
        let head = Array("From: ann@example.com\r\nSubject: gr".utf8)
        return [[0xFC], [0x80, 0xFF], [0xA0, 0x20, 0xA0], [0xED, 0xA0, 0x80]].map { odd in
            head + odd + Array("n\r\n\r\n".utf8) + odd + [0x20, 0x20] + odd + [0x09, 0x0D, 0x0A]
        }
    }

    private static var composed: [[UInt8]] {
        get throws {
            let subjects = [
                "Your photos", "Grüße aus Köln", "日本語の件名", "דואר חדש", String(repeating: "Very long ", count: 60), "=?fake?= word",
            ]
            let names = ["Ann", "Ann \"A\" O'Hara, Jr.", "Zoë 山田 Åström", nil]
            return try (0..<96).map { number in
                let recipients = (0...number % 5).map { index in
                    Mailbox(address: .test("p\(index).\(number)@example.net"), name: names[(number + index) % names.count])
                }
                var letter = Letter(
                    from: Mailbox(address: .test("studio@example.com"), name: names[number % names.count]),
                    replyTo: number % 3 == 0 ? Mailbox(address: .test("hello@example.com")) : nil, to: recipients,
                    cc: number % 4 == 0 ? [Mailbox(address: .test("carol@example.net"))] : [],
                    subject: subjects[number % subjects.count], date: Timestamp(microseconds: 1_764_000_000_000_000),
                    messageID: "\(number)@example.com")
                if number % 4 != 1 {
                    letter.html = "<p>Hi  ä \(number)</p>\n\n" + String(repeating: "<p>Zeile \t </p>\n", count: number * 9)
                }
                if number % 4 != 2 {
                    letter.text = "Hi \(number)  \n\n.\n" + String(repeating: number % 5 == 0 ? "мир " : "text ", count: number)
                }
                for index in 0..<number % 3 {
                    letter.attachments.append(
                        .init(
                            name: "Anhänge \(index).pdf", type: "application/pdf",
                            bytes: (0..<number * 97).map { UInt8(truncatingIfNeeded: $0 &* 31) },
                            contentID: index == 1 ? "image\(index)" : nil))
                }
                if number % 2 == 0 {
                    letter.headers = [
                        .init(
                            name: "List-Unsubscribe",
                            value: "<https://mail.example.com/u/\(String(repeating: "A", count: number * 3))>"),
                        .init(name: "List-Unsubscribe-Post", value: "List-Unsubscribe=One-Click"),
                    ]
                }
                return try letter.compose()
            }
        }
    }
}

extension String {
    /// In lines of at most 990 bytes of ASCII.
    fileprivate var wrapped: String {
        var lines: [Substring] = []
        var rest = self[...]
        while !rest.isEmpty {
            lines.append(rest.prefix(990))
            rest = rest.dropFirst(990)
        }
        return lines.joined(separator: "\r\n")
    }
}
