import Foundation
import MIME
import Mail
import Testing

@testable import Sender

@Suite("Each recipient's message")
struct ComposerTests {
    private let composer = Composer(publicURL: "http://t.example", keys: .test, returnPath: .domain("bounce.example"))

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

    @Test("two attempts make the same message but for its boundaries, and return where they should")
    func stable() throws {
        let content = Content.test()
        let hash = try content.hash
        let first = try compose(content, .test(attempt: 1, content: hash))
        let second = try compose(content, .test(attempt: 2, content: hash))
        #expect(first.mail.returnPath == "studio@bounce.example")
        for name in ["Message-ID", "Date", "From", "To", "Subject", "Reply-To"] {
            #expect(header(name, first.message) != nil, "\(name)")
            #expect(header(name, first.message) == header(name, second.message), "\(name)")
        }
        #expect(first.message.html == second.message.html)
        #expect(first.message.text == second.message.text)
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
