import Foundation
import Mail
import SMTP
import Support
import Testing

@testable import Sender

@Suite("The sandbox's recipients")
struct SandboxPersonaTests {
    private let folder: TemporaryFolder
    private let time = ManualTime(Timestamp(microseconds: 1_764_000_000_000_000))
    init() throws { folder = try TemporaryFolder() }

    private func transport(_ world: SandboxWorld) throws -> SandboxTransport {
        SandboxTransport(
            maildir: try Maildir(at: folder.url, capacity: 100, host: "test"), world: world, time: time.source, logger: .quiet)
    }

    private func kept() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder.url.appendingPathComponent("new").path).count
    }

    @Test(
        "are known by the name before the @, in any case, domain and with any tag",
        arguments: [
            ("permfail@a.example", .permanentFailure), ("PermFail+x@b.example", .permanentFailure),
            ("bounce-later+1+2@a.example", .bounceLater), ("auto-reply@a.example", .autoReply), ("permfail2@a.example", nil),
            ("ann@permfail.example", nil), ("+permfail@a.example", nil), ("xpermfail@a.example", nil),
        ] as [(String, SandboxPersona?)])
    func names(address: String, persona: SandboxPersona?) {
        #expect(SandboxPersona(.test(address)) == persona)
    }

    @Test(
        "refuse as servers do, by the attempt's number alone",
        arguments: [
            ("permfail", 1, 550, "5.1.1"), ("permfail", 9, 550, "5.1.1"), ("tempfail", 1, 451, "4.3.2"),
            ("tempfail", 2, 451, "4.3.2"), ("mailboxfull", 1, 452, "4.2.2"), ("mailboxfull", 30, 452, "4.2.2"),
        ])
    func refusals(persona: String, attempt: Int, code: Int, enhanced: String) async throws {
        let mail = try OutgoingMail.to(persona, attempt: attempt)
        let handover = try await transport(.test()).deliver(mail) { Issue.record("The message was completed.") }
        guard case .refused(let reply, stage: .recipient) = handover.outcome else {
            Issue.record("\(handover.outcome)")
            return
        }
        #expect(reply.code == code)
        #expect(reply.enhanced?.description == enhanced)
        #expect(handover.transcript.contains("> RCPT TO:<\(persona)@mail.example>\n"))
        #expect(handover.transcript.split(separator: "\n").last?.contains("< \(code) \(enhanced) ") == true)
        #expect(try kept() == 0)
    }

    @Test(
        "take mail at the third attempt where they were busy twice, and the others at the first", arguments: SandboxPersona.allCases
    )
    func acceptance(persona: SandboxPersona) async throws {
        guard ![.permanentFailure, .mailboxFull, .dropAfterDot].contains(persona) else { return }
        let attempt = persona == .temporaryFailure ? 3 : 1
        let handover = try await transport(.test()).deliver(try OutgoingMail.to(persona.rawValue, attempt: attempt)) {}
        guard case .accepted = handover.outcome else {
            Issue.record("\(handover.outcome)")
            return
        }
        #expect(try kept() == 1)
    }

    @Test("keep a message and hang up: nobody knows whether it arrived")
    func dropAfterDot() async throws {
        let handover = try await transport(.test()).deliver(try OutgoingMail.to("dropafterdot")) {}
        guard case .failed(.disconnected, stage: .dot, mayHaveLeft: true) = handover.outcome else {
            Issue.record("\(handover.outcome)")
            return
        }
        #expect(try kept() == 1)
    }

    @Test("are slow by seconds, which the pace changes, and can be stopped meanwhile")
    func slow() async throws {
        for (pace, seconds) in [(100, [2, 3]), (300, [6, 9])] {
            let transport = try transport(.test(pace: pace, time: time.source))
            let mail = try OutgoingMail.to("slow")
            async let handover = transport.deliver(mail) {}
            for wait in seconds {
                try await eventually(within: .seconds(60), "it waits") { time.sleepers == 1 }
                time.advance(by: .seconds(wait) - .milliseconds(1))
                #expect(time.sleepers == 1)
                time.advance(by: .milliseconds(1))
            }
            guard case .accepted = await handover.outcome else {
                Issue.record("not accepted")
                return
            }
        }
        let transport = try transport(.test(pace: 100, time: time.source))
        let mail = try OutgoingMail.to("slow")
        let task = Task { await transport.deliver(mail) {} }  // Awaited below.
        try await eventually(within: .seconds(60), "it waits") { time.sleepers == 1 }
        task.cancel()
        guard case .failed(.cancelled, _, mayHaveLeft: false) = await task.value.outcome else {
            Issue.record("not cancelled")
            return
        }
    }
}
