import Foundation
import MIME
import Mail
import Support
import Testing

/// What we write, Python's `email` and we ourselves read back as it went in.
@Suite(.timeLimit(.minutes(2)))
struct RoundTripTests {
    static let names: [String?] = [
        nil, "Ann", "Ann Smith", "Smith, Ann", "O'Neil \"Bob\" (junior)", "Jörg Müller", "山田 太郎", "محمد علي", "👩‍👩‍👧 Family Photos 🎉",
        "a@b.c", "=?UTF-8?Q?x?=",
        "back\\slash", "Ж" + String(repeating: "ю", count: 120), String(repeating: "Long Name ", count: 15) + "End", "dot. com",
    ]
    static let subjects = [
        "Your photos", "Ihre Fotos sind da: schöne Grüße", "写真ができました", "صورك جاهزة الآن", "🎉📷 Party! 🎉", "a",
        String(repeating: "word ", count: 60) + "end",
        String(repeating: "x", count: 300), String(repeating: "ü", count: 500), "=?utf-8?q?not_encoded?=", "two  spaces",
        "Re: [x] {y} 100% \"q\" \\ /",
        "mixed ascii und größere 文字 all in one rather long subject line that has to be folded somewhere 🎈", "e\u{301}clair",
    ]
    static let texts: [String?] = [
        "Hello\n", "", ".\n..\nFrom here\n.end\n", "Grüße\r\nzweite Zeile\r\n", "日本語のテキスト\n二行目\n", "مرحبا بالعالم\n",
        "no newline at the end", "trailing spaces   \ntab\t\n",
        String(repeating: "long ", count: 400) + "\n", String(repeating: "é", count: 3000) + "\n", "= equals =3D =\n", "🎉\n\n\n🎈\n",
        "--=_boundary\n--\n", nil,
    ]
    static let files: [Letter.Attachment] = [
        .init(name: "terms.pdf", type: "application/pdf", bytes: Array("%PDF-1.4\r\n\u{0}\n\r".utf8) + Array(0...255)),
        .init(name: "Übersicht März.pdf", type: "application/pdf", bytes: []),
        .init(name: "写真 アルバム.jpg", type: "image/jpeg", bytes: Array(repeating: 0xFF, count: 5000)),
        .init(name: "emoji 🎉.txt", type: "text/plain", bytes: Array("line\nline\r\nbare\rend".utf8)),
        .init(name: "quo\"te;semi=x.csv", type: "text/csv", bytes: Array("a,b\n".utf8)),
        .init(name: String(repeating: "long name ", count: 20) + ".txt", type: "application/octet-stream", bytes: [0]),
        .init(name: "صورة.png", type: "image/png", bytes: [1, 2, 3]),
        .init(name: "percent%20and'quote.txt", type: "text/x-odd", bytes: Array("x".utf8)),
    ]

    static func letters(_ count: Int) throws -> [Letter] {
        let addresses = try [
            "ann@example.net", "o'neil+tag@example.net", "a.very.long.local.part.of.an.address@a-rather-long-domain.example.org",
        ].map {
            try EmailAddress($0)
        }
        return (0..<count).map { number in
            func mailbox(_ shift: Int) -> Mailbox {
                Mailbox(address: addresses[(number + shift) % addresses.count], name: names[(number * 7 + shift) % names.count])
            }
            let text = texts[number % texts.count]
            let words = texts[(number * 5 + 3) % texts.count] ?? ""
            let html =
                text == nil || number % 3 != 0
                ? "<html><body><p>\(words)</p><a href=\"https://x.test/?a=1&amp;b=2\">go</a></body></html>" : nil
            let attached = (0..<(number % 4)).map { files[(number + $0 * 3) % files.count] }
            return Letter(
                from: mailbox(0), replyTo: number % 2 == 0 ? mailbox(1) : nil, to: (0...(number % 5)).map { mailbox($0 + 2) },
                cc: number % 4 == 0 ? [mailbox(4)] : [], subject: subjects[number % subjects.count],
                date: Timestamp(microseconds: 1_700_000_000_000_000 + Int64(number) * 86_400_000_000),
                messageID: "id.\(number)@example.com",
                html: html, text: text, attachments: attached,
                headers: [
                    .init(name: "List-Unsubscribe", value: "<https://x.test/u/\(String(repeating: "t0k3n", count: number % 60))>"),
                    .init(name: "X-Note", value: subjects[(number + 3) % subjects.count]),
                ])
        }
    }

    @Test("Python's email reads back exactly what went in")
    func python() throws {
        let letters = try Self.letters(150)
        let messages = try letters.map { try $0.compose() }
        for (index, message) in messages.enumerated() { check(wire: message, "letter \(index)") }
        let read = try PythonMail.read(messages)
        #expect(read.count == letters.count)
        for (index, (letter, mail)) in zip(letters, read).enumerated() {
            let comment = Comment(rawValue: "letter \(index)")
            #expect(mail.defects.isEmpty, comment)
            #expect(mail.subject == letter.subject, comment)
            #expect(mail.from == [PythonMail.Person(letter.from)], comment)
            #expect(mail.replyTo == (letter.replyTo.map { [PythonMail.Person($0)] } ?? []), comment)
            #expect(mail.to == letter.to.map(PythonMail.Person.init), comment)
            #expect(mail.cc == letter.cc.map(PythonMail.Person.init), comment)
            #expect(mail.messageID == "<\(letter.messageID)>", comment)
            #expect(mail.timestamp == letter.date.seconds, comment)
            #expect(mail.unsubscribe == letter.headers[0].value, comment)
            #expect(mail.note == letter.headers[1].value, comment)
            #expect(mail.text?.asLines == letter.text?.asLines, comment)
            #expect(mail.html?.asLines == letter.html?.asLines, comment)
            #expect(mail.files.map(\.name) == letter.attachments.map(\.name), comment)
            #expect(mail.files.map(\.type) == letter.attachments.map(\.type), comment)
            #expect(mail.files.map { Array($0.content) } == letter.attachments.map(\.bytes), comment)
        }
    }

    @Test("we read back exactly what went in")
    func ourselves() throws {
        for (index, letter) in try Self.letters(150).enumerated() {
            let comment = Comment(rawValue: "letter \(index)")
            let read = try ReadMessage(letter.compose())
            #expect(read.subject == letter.subject, comment)
            #expect(read.from.map(\.address) == [letter.from.address.description], comment)
            #expect(read.from.map { $0.name ?? "" } == [letter.from.name ?? ""], comment)
            #expect(read.to.map(\.address) == letter.to.map(\.address.description), comment)
            #expect(read.to.map { $0.name ?? "" } == letter.to.map { $0.name ?? "" }, comment)
            #expect(read.text?.asLines == letter.text?.asLines, comment)
            #expect(read.html?.asLines == letter.html?.asLines, comment)
            #expect(read.attachments == letter.attachments, comment)
        }
    }

    /// What every message must be on the wire.
    private func check(wire: [UInt8], _ comment: String) {
        #expect(wire.allSatisfy { $0 < 0x80 && $0 != 0 }, "\(comment) is 7-bit")
        #expect(wire.suffix(2) == [13, 10], "\(comment) ends with CRLF")
        var previous: UInt8 = 0
        var length = 0
        for byte in wire {
            if (byte == 10) != (previous == 13) { Issue.record("\(comment) has a lone CR or LF") }
            if byte == 10 { length = 0 } else { length += 1 }
            if length > 999 {
                Issue.record("\(comment) has a line that is too long")
                return
            }
            previous = byte
        }
    }

    @Test("an internationalized address stands in its header as UTF-8")
    func international() throws {
        let address = try EmailAddress("jörg@müller.example")
        let letter = Letter(
            from: Mailbox(address: address, name: "Jörg"), to: [Mailbox(address: try EmailAddress("用户@例子.example"))],
            subject: "Grüße",
            date: Timestamp(microseconds: 0), messageID: "a@b", text: "x")
        let read = try ReadMessage(letter.compose())
        #expect(read.from.map(\.address) == ["jörg@müller.example"])
        #expect(read.to.map(\.address) == ["用户@例子.example"])
    }

    @Test("a domain beyond ASCII stands in its header as DNS knows it, and the message stays 7-bit")
    func internationalDomain() throws {
        let letter = Letter(
            from: Mailbox(address: try EmailAddress("studio@müller.example"), name: "Müller"),
            to: [Mailbox(address: try EmailAddress("ann@例子.example"))], subject: "Grüße", date: Timestamp(microseconds: 0),
            messageID: "a@b", text: "x",
            headers: [.init(name: "List-Unsubscribe", value: "<https://x.test/u/t>"), .init(name: "X-Note", value: "n")])
        let bytes = try letter.compose()
        check(wire: bytes, "the letter")
        let read = try #require(try PythonMail.read([bytes]).first)
        #expect(read.from.map(\.address) == ["studio@xn--mller-kva.example"])
        #expect(read.to.map(\.address) == ["ann@xn--fsqu00a.example"])
    }

    /// A part of a message as Python reads it.
    private struct PythonPart: Decodable, Equatable {
        var type: String
        var name: String?
        var contentID: String?
        var disposition: String?
        var content: Data?
        var parts: [PythonPart]
    }

    @Test("images beside the HTML have their content ids, and Python finds everything in its place")
    func inlineImages() throws {
        let logo = Letter.Attachment(name: "Lögo.png", type: "image/png", bytes: Array(0...255), contentID: "logo@x.example")
        let photo = Letter.Attachment(name: "photo.jpg", type: "image/jpeg", bytes: [0xFF], contentID: "photo")
        let letter = Letter(
            from: Mailbox(address: try EmailAddress("a@example.com")), to: [Mailbox(address: try EmailAddress("b@example.com"))],
            subject: "x", date: Timestamp(microseconds: 0), messageID: "a@b",
            html: "<img src=\"cid:logo@x.example\"><img src=cid:photo>", text: "x", attachments: [logo, Self.files[0], photo])
        let bytes = try letter.compose()
        #expect(try letter.compose() == bytes)
        let script = """
            import base64, email, email.policy, json, sys
            def part(p):
                many = p.is_multipart()
                return {'type': p.get_content_type(), 'name': p.get_filename(), 'contentID': p['content-id'], 'disposition': p.get_content_disposition(),
                        'content': None if many else base64.b64encode(p.get_payload(decode=True)).decode(), 'parts': [part(q) for q in p.iter_parts()] if many else []}
            print(json.dumps(part(email.message_from_bytes(base64.b64decode(sys.argv[1]), policy=email.policy.default))))
            """
        let printed = try ChildProcess.run("/usr/bin/python3", ["-c", script, Data(bytes).base64EncodedString()])
        let whole = try JSONDecoder().decode(PythonPart.self, from: printed)
        #expect(whole.type == "multipart/mixed")
        try #require(whole.parts.map(\.type) == ["multipart/alternative", "application/pdf"])
        #expect(whole.parts[1].disposition == "attachment")
        try #require(whole.parts[0].parts.map(\.type) == ["text/plain", "multipart/related"])
        let related = whole.parts[0].parts[1].parts
        #expect(related.map(\.type) == ["text/html", "image/png", "image/jpeg"])
        #expect(related.map(\.contentID) == [nil, "<logo@x.example>", "<photo>"])
        #expect(related.map(\.name) == [nil, "Lögo.png", "photo.jpg"])
        #expect(related.map(\.disposition) == [nil, "inline", "inline"])
        #expect(related.dropFirst().map { $0.content.map(Array.init) } == [logo.bytes, photo.bytes])
        #expect(Set(try ReadMessage(bytes).attachments) == Set(letter.attachments))
    }
}

extension String {
    /// With LF only, and without the last: what the wire keeps of a text.
    fileprivate var asLines: String {
        let lines = replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        return lines.hasSuffix("\n") ? String(lines.dropLast()) : lines
    }
}
