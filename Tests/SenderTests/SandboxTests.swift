import Foundation
import Logging
import Mail
import Runtime
import SMTP
import Support
import Testing

@testable import Sender

@Suite("The sandbox keeps mail")
struct SandboxTests {
    private let folder: TemporaryFolder
    private let time = ManualTime(Timestamp(microseconds: 1_764_000_000_000_123))
    init() throws { folder = try TemporaryFolder() }

    private func transport(capacity: Int = 100) throws -> SandboxTransport {
        SandboxTransport(
            maildir: try Maildir(at: folder.url, capacity: capacity, host: "host/../x"), world: try .idle(time.source),
            time: time.source, logger: .quiet)
    }

    private let mail = OutgoingMail(
        returnPath: "studio@example.com", recipient: .test("ann@example.net"), bytes: Array("Subject: hi\r\n\r\nbody\r\n".utf8))

    private func files(_ part: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.url.appendingPathComponent(part).path)
    }

    @Test("an accepted message is in new, whole, with its envelope, and nothing in tmp")
    func accepted() async throws {
        let transport = try transport()
        let handover = await transport.deliver(mail) {}
        guard case .accepted(let reply) = handover.outcome else {
            Issue.record("\(handover.outcome)")
            return
        }
        #expect(reply.code == 250)
        #expect(handover.transcript.contains("sandbox accepted"))
        #expect(handover.transcript.contains("RCPT TO:<ann@example.net>"))
        let name = try #require(try files("new").first)
        #expect(name.hasPrefix("1764000000.M123P"))
        #expect(!name.contains("/"))
        let bytes = try await transport.maildir.read(name)
        #expect(
            bytes == Array("Return-Path: <studio@example.com>\r\nDelivered-To: ann@example.net\r\nSubject: hi\r\n\r\nbody\r\n".utf8)
        )
        #expect(try files("tmp").isEmpty)
    }

    @Test("a message whose dot is withheld is not kept")
    func withheld() async throws {
        struct Full: Error {}
        let handover = try await transport().deliver(mail) { throw Full() }
        guard case .failed(.withheld, stage: .message, mayHaveLeft: false) = handover.outcome else {
            Issue.record("\(handover.outcome)")
            return
        }
        #expect(try files("new").isEmpty)
        #expect(try files("tmp").isEmpty)
    }

    @Test("at most so many messages are kept, the newest")
    func bounded() async throws {
        let transport = try transport(capacity: 10)
        for _ in 0..<130 {
            time.advance(by: .milliseconds(1))
            _ = await transport.deliver(mail) {}
        }
        let names = try await transport.maildir.names()
        #expect(names.count < 80)
        #expect(names.last.map(Maildir.order(of:)) == time.now.microseconds)
    }

    @Test("a folder that is gone defers the mail")
    func gone() async throws {
        let transport = try transport()
        try FileManager.default.removeItem(at: folder.url.appendingPathComponent("tmp"))
        let handover = await transport.deliver(mail) {}
        guard case .refused(let reply, _) = handover.outcome else {
            Issue.record("\(handover.outcome)")
            return
        }
        #expect(reply.isTransient)
    }
}
