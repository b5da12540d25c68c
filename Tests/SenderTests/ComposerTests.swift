import Foundation
import MIME
import Mail
import Testing

@testable import Sender

@Suite("Each recipient's message")
struct ComposerTests {
    private let composer = Composer(
        publicURL: "http://t.example", keys: .test, returnPath: .signed(mailbox: "bounce", domain: "b.example"))

    private func compose(_ content: Content, _ job: Job) throws -> (mail: OutgoingMail, message: ReadMessage) {
        let mail = try composer.compose(job, try PreparedContent(content), attachments: [])
        return (mail, try ReadMessage(mail.bytes))
    }

    private func header(_ name: String, _ message: ReadMessage) -> String? {
        message.headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    private static let shared = Content.test(
        to: [Mailbox(address: .test("ann@example.net"), name: "Ann"), Mailbox(address: .test("bob@example.net"))],
        cc: [Mailbox(address: .test("carol@example.net"))])

    @Test("shared mail shows everyone to everyone, and a blind copy's recipient to no one")
    func shared() throws {
        let job = Job.test(recipient: "boss@example.com", content: try Self.shared.hash)
        let (mail, message) = try compose(Self.shared, job)
        #expect(mail.recipient.description == "boss@example.com")
        #expect(message.to.map(\.address) == ["ann@example.net", "bob@example.net"])
        #expect(header("Cc", message)?.contains("carol@example.net") == true)
        #expect(!String(decoding: mail.bytes, as: UTF8.self).contains("boss@example.com"))
    }

    @Test("mass mail shows only its own recipient")
    func mass() throws {
        let (_, message) = try compose(Self.shared, Job.test(audience: .mass, content: try Self.shared.hash))
        #expect(message.to.map(\.address) == ["ann@example.net"])
        #expect(header("Cc", message) == nil)
    }

    @Test("a reminder says that it was sent automatically, other mail does not")
    func automatic() throws {
        let content = Content.test()
        let hash = try content.hash
        #expect(header("Auto-Submitted", try compose(content, .test(kind: "reminder", content: hash)).message) == "auto-generated")
        #expect(header("Auto-Submitted", try compose(content, .test(content: hash)).message) == nil)
    }

    @Test("two attempts make the same bytes, so that a receiver can tell the second copy")
    func stable() throws {
        let content = Content.test()
        let hash = try content.hash
        let logo = Letter.Attachment(name: "logo.png", type: "image/png", bytes: [1, 2, 3], contentID: "logo")
        let terms = Letter.Attachment(name: "terms.pdf", type: "application/pdf", bytes: [4])
        let prepared = try PreparedContent(content)
        let mails = try (1...2).map { attempt in
            try composer.compose(.test(attempt: attempt, content: hash), prepared, attachments: [logo, terms])
        }
        #expect(mails[0].bytes == mails[1].bytes)
        #expect(mails[0].returnPath == mails[1].returnPath)
        #expect(mails.map(\.attempt) == [1, 2])
        let other = try composer.compose(.test(2, content: hash), prepared, attachments: [logo, terms])
        #expect(header("Message-ID", try ReadMessage(other.bytes)) != header("Message-ID", try ReadMessage(mails[0].bytes)))
    }

    @Test("each delivery has a return path of its own that says which it is, or the From address")
    func returnPaths() throws {
        let content = Content.test()
        let job = Job.test(content: try content.hash)
        let path = try compose(content, job).mail.returnPath
        #expect(path.hasSuffix("@b.example"))
        #expect(TrackingKeys.test.delivery(ofReturnPath: String(path.prefix { $0 != "@" })) == job.delivery)
        let plain = Composer(publicURL: "http://t.example", keys: .test, returnPath: .from)
        #expect(try plain.compose(job, try PreparedContent(content), attachments: []).returnPath == "studio@example.com")
    }

    @Test("mass mail can be unsubscribed from with one click, and nothing else says that it can")
    func unsubscribe() throws {
        let content = Content.test()
        let job = Job.test(audience: .mass, content: try content.hash)
        let message = try compose(content, job).message
        let link = try #require(header("List-Unsubscribe", message))
        #expect(link.hasPrefix("<http://t.example/u/") && link.hasSuffix(">"))
        let token = String(link.dropFirst("<http://t.example/u/".count).dropLast())
        #expect(
            TrackingKeys.test.verify(token)
                == TrackingToken(organization: "acme", delivery: job.delivery, purpose: .unsubscribe))
        #expect(header("List-Unsubscribe-Post", message) == "List-Unsubscribe=One-Click")
        #expect(header("List-Unsubscribe", try compose(content, .test(content: try content.hash)).message) == nil)
    }

    @Test("images with a content id stand beside the HTML, files beside the letter; without HTML all are files")
    func inlineImages() throws {
        let logo = Letter.Attachment(name: "logo.png", type: "image/png", bytes: [1, 2, 3], contentID: "logo")
        let terms = Letter.Attachment(name: "terms.pdf", type: "application/pdf", bytes: [4])
        let html = Content.test(html: "<body><img src=\"cid:logo\"></body>")
        let mail = try composer.compose(.test(content: try html.hash), try PreparedContent(html), attachments: [logo, terms])
        let text = String(decoding: mail.bytes, as: UTF8.self)
        let order = [
            "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png", "pdf",
        ]
        var rest = text[...]
        for type in order {
            let found = try #require(rest.range(of: type), "\(type) in its place")
            rest = rest[found.upperBound...]
        }
        #expect(text.lowercased().contains("\r\ncontent-id: <logo>\r\n"))
        #expect(try ReadMessage(mail.bytes).attachments == [logo, terms])
        let plain = Content.test(html: nil, text: "x")
        let files = try composer.compose(.test(content: try plain.hash), try PreparedContent(plain), attachments: [logo, terms])
        #expect(try ReadMessage(files.bytes).attachments.map(\.name) == ["logo.png", "terms.pdf"])
    }

    @Test("the command line makes of a submission what the service would, and says what is missing")
    func commandLine() throws {
        let json = """
            {"kind": "invite", "subject": "Hi {{name}}", "from": {"address": "studio@example.com"}, "html": "<p>{{name}}</p>",
             "recipients": [{"address": "ann@example.net", "name": "Ann", "variables": {"name": "Ann"}}, {"address": "bob@example.net"}],
             "attachments": [{"name": "l.png", "type": "image/png", "content": "AQID", "contentID": "l"}]}
            """
        let submission = try Wire.decode(Submission.self, from: Data(json.utf8))
        let now = Timestamp(microseconds: 1_764_000_000_000_000)
        let mail = try Compose.compose(submission, for: submission.recipients[0], at: now, by: composer)
        let message = try ReadMessage(mail.bytes)
        #expect(message.subject == "Hi Ann")
        #expect(message.to.map(\.address) == ["ann@example.net"])
        #expect(message.attachments == [.init(name: "l.png", type: "image/png", bytes: [1, 2, 3], contentID: "l")])
        #expect(throws: Uncomposable("The recipient has no value for {{name}}.")) {
            try Compose.compose(submission, for: submission.recipients[1], at: now, by: composer)
        }
    }

    @Test("the text part that follows from the HTML names the links as they were, not the tracker's")
    func derivedText() throws {
        let content = Content.test()
        let (_, message) = try compose(content, .test(content: try content.hash))
        #expect(message.html?.contains("http://t.example/c/") == true)
        #expect(message.text?.contains("t.example") == false)
        #expect(message.text?.contains("https://x.example/?a=1&b=2") == true)
    }

    @Test("without tracking not a byte of the HTML changes; text alone has neither links nor image")
    func untracked() throws {
        let html = "<p>Hi <a href='https://x.example/'>x</a></p>"
        let content = Content.test(html: html, track: Tracking(opens: false, clicks: false))
        let message = try compose(content, .test(content: try content.hash)).message
        #expect(message.html?.trimmingCharacters(in: .newlines) == html)
        let plain = Content.test(html: nil, text: "Hi {{name}} https://x.example/")
        let text = try compose(plain, .test(variables: ["name": "<Ann>"], content: try plain.hash)).message
        #expect(text.html == nil)
        #expect(text.text?.contains("Hi <Ann> https://x.example/") == true)
    }
}
