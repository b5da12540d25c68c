import NIOCore
import Support
import Testing

@testable import SMTP

@Suite(.timeLimit(.minutes(2)))
struct SMTPSessionTests {
    @Test("a message arrives byte for byte, in one packet of commands where PIPELINING is offered", arguments: [true, false])
    func accepted(pipelining: Bool) async throws {
        var settings = Server.Settings()
        if !pipelining { settings.extensions = [] }
        let server = try await Server.start(settings: settings)
        let attempt = try await attempt(server)
        #expect(attempt.outcome.summary == "accepted")
        let received = try #require(server.received.first)
        #expect(received.bytes == letter)
        #expect(received.from == "studio@example.com")
        #expect(received.recipients == ["ann@example.net"])
        await server.stop()
    }

    @Test("many messages use one connection, refused ones between them")
    func reuse() async throws {
        let server = try await Server.start(
            Script().on(.recipient, turns: 3...3, .reply("550 5.1.1 No such user")).on(
                .mail, turns: 5...5, .reply("451 4.3.0 Later")
            )
            .on(.dot, turns: 5...5, .reply("554 5.7.1 Spam")))
        let session = try await makeClient().connect(to: .scripted(server))
        var summaries: [String] = []
        for number in 1...8 {
            let attempt = await session.send(from: "", to: "user\(number)@example.net", message: letter)
            summaries.append(attempt.outcome.summary)
            #expect(session.isReusable)
        }
        #expect(
            summaries == [
                "accepted", "accepted", "refused 550 at recipient", "accepted", "refused 451 at mail", "accepted",
                "refused 554 at dot",
                "accepted",
            ])
        #expect(server.connections == 1)
        #expect(server.received.map(\.recipients) == [1, 2, 4, 6, 8].map { ["user\($0)@example.net"] })
        await session.quit()
        #expect(!session.isReusable)
        await server.stop()
    }
}
