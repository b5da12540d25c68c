import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import MIME
import Mail
import Runtime
import SMTP
import Support
import Testing

@testable import Sender

@Suite("The sandbox inbox")
struct InboxTests {
    private let folder: TemporaryFolder
    private let maildir: Maildir
    private let time = ManualTime(Timestamp(microseconds: 1_764_000_000_000_000))

    init() throws {
        folder = try TemporaryFolder()
        maildir = try Maildir(at: folder.url, capacity: 1000, host: "test")
    }

    private static let nasty = "<script>alert(1)</script>\"'&"

    @discardableResult
    private func keep(
        to recipient: String = "ann@example.net", subject: String = "Hello", html: String? = "<p>Hi</p>", text: String? = "Hi",
        attachments: [Letter.Attachment] = []
    ) async throws -> String {
        time.advance(by: .seconds(1))
        let letter = Letter(
            from: Mailbox(address: .test("studio@example.com"), name: "Studio \(Self.nasty)"),
            to: [Mailbox(address: .test(recipient), name: "Ann")], subject: subject, date: time.now, messageID: "1@example.com",
            html: html,
            text: text, attachments: attachments)
        let mail = OutgoingMail(returnPath: "studio@example.com", recipient: .test(recipient), bytes: try letter.compose())
        let handover = await SandboxTransport(
            maildir: maildir, world: try .idle(time.source), time: time.source, logger: .quiet
        ).deliver(mail) {}
        guard case .accepted(let reply) = handover.outcome, reply.code == 250 else { throw Trouble("\(handover.outcome)") }
        return try #require(try await maildir.names().last)
    }

    private func get(_ path: String, isInUse: Bool = true) async throws -> (status: Int, body: String, headers: HTTPFields) {
        let application = Application(router: Inbox(maildir: maildir, isInUse: isInUse).router())
        return try await application.test(.router) { client in
            let response = try await client.execute(uri: path, method: .get)
            return (response.status.code, String(buffer: response.body), response.headers)
        }
    }

    @Test("an empty inbox says what will be here")
    func empty() async throws {
        let page = try await get("/")
        #expect(page.status == 200)
        #expect(page.body.contains("No mail yet"))
        for persona in SandboxPersona.allCases { #expect(page.body.contains("<code>\(persona.rawValue)@</code>")) }
        let unused = try await get("/", isInUse: false).body
        #expect(unused.contains("delivers to a mail server"))
        #expect(!unused.contains("permfail@"))
    }

    @Test("the list shows the newest first, finds recipients, and turns pages")
    func list() async throws {
        for number in 0..<120 { try await keep(to: "user\(number)@example.net", subject: "Number \(number)") }
        try await keep(subject: "Überraschung \(Self.nasty)")
        let first = try await get("/").body
        #expect(first.contains("121 messages"))
        #expect(first.contains("Überraschung &lt;script&gt;"))
        #expect(!first.contains("<script"))
        #expect(first.contains("Number 119"))
        #expect(!first.contains("Number 50<"))
        let link = try #require(first.firstMatch(of: /href="(\/\?to=&amp;before=[^"]+)"/))
        let next = String(link.1).replacing("&amp;", with: "&")
        let second = try await get(next).body
        #expect(second.contains("Number 70<"))
        #expect(!second.contains("Number 71<"))
        let found = try await get("/?to=USER7@").body
        #expect(found.contains("1 message<"))
        #expect(found.contains("Number 7<"))
        #expect(try await get("/?to=nobody%22%3E").body.contains("No mail to an address with “nobody&quot;&gt;” in it"))
    }

    @Test("the JSON says what tests need")
    func json() async throws {
        try await keep(to: "bob@example.net")
        let id = try await keep(subject: "Grüße")
        struct Answer: Decodable {
            struct Item: Decodable {
                let id, recipient, subject, messageID, raw: String
            }
            let messages: [Item]
            let total: Int
            let next: String?
        }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(try await get("/inbox.json?to=ann@").body.utf8))
        #expect(answer.total == 1)
        #expect(answer.messages.map(\.id) == [id])
        #expect(answer.messages.first?.subject == "Grüße")
        #expect(answer.messages.first?.recipient == "ann@example.net")
        #expect(answer.messages.first?.messageID == "<1@example.com>")
        #expect(try await get("/messages/\(id)/raw").body.hasPrefix("Return-Path: <studio@example.com>\r\n"))
        let limited = try JSONDecoder().decode(Answer.self, from: Data(try await get("/inbox.json?limit=1").body.utf8))
        #expect(limited.total == 2)
        #expect(limited.next == id)
    }

    @Test("a message shows in a frame without scripts, and images only when asked for")
    func message() async throws {
        let id = try await keep(html: "<p>Hi</p><img src=\"http://x.example/p.png\"><script>alert(1)</script>")
        let page = try await get("/messages/\(id)")
        #expect(page.body.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""))
        #expect(page.body.contains("src=\"/messages/\(id)/body\""))
        #expect(page.body.contains("Load images"))
        #expect(!page.body.contains("<script"))
        #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
        #expect(page.headers[.contentSecurityPolicy]?.contains("unsafe") == false)

        let body = try await get("/messages/\(id)/body")
        let policy = try #require(body.headers[.contentSecurityPolicy])
        #expect(policy.contains("img-src data:;"))
        #expect(policy.contains("sandbox allow-popups"))
        #expect(!policy.contains("allow-scripts"))
        #expect(body.body.contains("<p>Hi</p>"))
        #expect(body.body.hasSuffix("<base target=\"_blank\">"))

        #expect(try await get("/messages/\(id)?images=1").body.contains("src=\"/messages/\(id)/body?images=1\""))
        #expect(
            try await get("/messages/\(id)/body?images=1").headers[.contentSecurityPolicy]?.contains("img-src data: http: https:;")
                == true)
    }

    @Test("plain text, source and attachments are there, escaped and as downloads")
    func parts() async throws {
        let bytes = Array("<script>alert(1)</script>".utf8)
        let id = try await keep(
            subject: Self.nasty, html: nil, text: "Hi \(Self.nasty)",
            attachments: [.init(name: "Ä \"x\".html", type: "text/html", bytes: bytes)])
        let page = try await get("/messages/\(id)")
        #expect(page.body.contains("Hi &lt;script&gt;"))
        #expect(!page.body.contains("<script"))
        #expect(!page.body.contains("<iframe"))
        #expect(try await get("/messages/\(id)?view=source").body.contains("Return-Path: &lt;studio@example.com&gt;"))
        let file = try await get("/messages/\(id)/attachments/0")
        #expect(Array(file.body.utf8) == bytes)
        #expect(file.headers[.contentType] == "application/octet-stream")
        #expect(file.headers[.contentDisposition] == "attachment; filename*=UTF-8''%C3%84%20%22x%22.html")
        #expect(file.headers[.xContentTypeOptions] == "nosniff")
        for path in ["attachments/1", "attachments/-1", "attachments/x", "body"] {
            #expect(try await get("/messages/\(id)/\(path)").status == 404, "\(path)")
        }
    }

    @Test(
        "there is no way to other files", arguments: ["..", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "../tmp/x", "1.M1P1Q1.test", "x%00y"])
    func paths(id: String) async throws {
        try await keep()
        for suffix in ["", "/raw", "/body", "/attachments/0"] {
            #expect(try await get("/messages/\(id)\(suffix)").status == 404)
        }
    }
}
