import Foundation
import SMTP
import Support
import Testing

@testable import Sender

@Suite("Relays", .timeLimit(.minutes(2)))
struct RelayTests {
    typealias Server = ScriptedSMTPServer

    @Test(
        "a relay that fails before the message can have left hands over to the next, and the transcript tells of both",
        arguments: [
            Server.Script().on(.greeting, .reply("421 4.3.2 Shutting down")), .init().on(.greeting, .reply("554 5.3.2 Not here")),
            .init().on(.greeting, .drop), .init().on(.greeting, .reset), .init().on(.greeting, .hang),
            .init().on(.hello, .reply("451 4.3.0 Later")), .init().on(.mail, .reply("421 4.3.2 Bye")), .init().on(.mail, .drop),
            .init().on(.recipient, .reply("421 4.7.0 Too many")), .init().on(.data, .drop),
            .init().on(.dot, .reply("421 4.3.2 Bye")),
        ])
    func failover(script: Server.Script) async throws {
        let first = try await Server.start(script)
        let second = try await Server.start()
        let environment = TransportRig.relays([first, second]).merging(["WAYBILL_SMTP_TIMEOUT": "1"]) { $1 }
        try await TransportRig.with(environment) { transport in
            let handover = await transport.deliver(to: "ann@example.net")
            #expect(handover.summary == "accepted", "\(handover.transcript)")
            #expect(first.count == 0)
            #expect(second.count == 1)
            #expect(handover.peer == "127.0.0.1:\(second.port)")
            #expect(handover.transcript.contains("127.0.0.1:\(first.port)") || script.rules.isEmpty)
            #expect(handover.transcript.contains("connected to 127.0.0.1:\(second.port)"))
        }
        await first.stop()
        await second.stop()
    }

    @Test(
        "what a relay says about the message is final: no other relay gets it",
        arguments: [
            (Server.Script().on(.recipient, .reply("550 5.1.1 No such user")), "refused 550"),
            (.init().on(.recipient, .reply("451 4.7.1 Greylisted")), "refused 451"),
            (.init().on(.dot, .reply("554 5.7.1 Spam")), "refused 554"),
            (.init().on(.dot, .keeping(.drop)), "failed, may have left"),
            (.init().on(.dot, .keeping(.hang)), "failed, may have left"),
            (.init().on(.dot, .keeping(.reset)), "failed, may have left"),
        ])
    func final(script: Server.Script, summary: String) async throws {
        let first = try await Server.start(script)
        let second = try await Server.start()
        let environment = TransportRig.relays([first, second]).merging(["WAYBILL_SMTP_TIMEOUT": "1"]) { $1 }
        try await TransportRig.with(environment) { transport in
            #expect(await transport.deliver(to: "ann@example.net").summary == summary)
            #expect(second.connections == 0)
        }
        await first.stop()
        await second.stop()
    }

    @Test("a relay that is down is left alone for a while, and has its messages back when it is up")
    func comesBack() async throws {
        let port = try Ports.free()
        let second = try await Server.start()
        try await TransportRig.with(["WAYBILL_TRANSPORT": "smtp://127.0.0.1:\(port) smtp://127.0.0.1:\(second.port)"]) {
            transport in
            #expect(await transport.deliver(to: "ann@example.net").summary == "accepted")
            #expect(second.count == 1)
            let first = try await Server.start(port: port)
            var number = 0
            try await eventually(within: .seconds(60), "the first relay has mail again") {
                number += 1
                #expect(await transport.deliver(to: "ann@example.net", number: number).summary == "accepted")
                return first.count > 0
            }
            let before = second.count
            for number in 0..<5 { #expect(await transport.deliver(to: "ann@example.net", number: number).summary == "accepted") }
            #expect(second.count == before)
            await first.stop()
        }
        await second.stop()
    }

    @Test("where no relay works, the answer of one that spoke counts, and why each failed is told")
    func none() async throws {
        let down = try Ports.free()
        let server = try await Server.start(.init().on(.greeting, .reply("450 4.3.2 Busy")))
        let text = "smtp://127.0.0.1:\(server.port) smtp://127.0.0.1:\(down)"
        try await TransportRig.with(["WAYBILL_TRANSPORT": text]) { transport in
            let handover = await transport.deliver(to: "ann@example.net")
            #expect(handover.summary == "refused 450")
            #expect(handover.transcript.contains("450 4.3.2 Busy"))
            #expect(handover.transcript.contains("127.0.0.1:\(down): The server cannot be reached: Connection refused"))
        }
        await server.stop()
    }

    @Test("a connection carries so many messages and no more, and one that was closed meanwhile costs nothing")
    func reuse() async throws {
        let server = try await Server.start()
        let environment = TransportRig.relays([server]).merging(["WAYBILL_SMTP_MESSAGES": "3"]) { $1 }
        try await TransportRig.with(environment) { transport in
            for number in 0..<7 { #expect(await transport.deliver(to: "ann@example.net", number: number).summary == "accepted") }
            #expect(server.received.map(\.connection) == [1, 1, 1, 2, 2, 2, 3])
            #expect(server.received.map(\.commands.count) == Array(repeating: 2, count: 7))
            #expect(server.received.last?.commands.first?.hasSuffix(" RET=HDRS ENVID=delivery-6") == true)
            #expect(
                server.received.last?.commands.last == "RCPT TO:<ann@example.net> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ann@example.net"
            )
            server.script = .init().on(.mail, turns: 8...8, .reply("421 4.4.2 Idle too long"))
            let handover = await transport.deliver(to: "ann@example.net", number: 7)
            #expect(handover.summary == "accepted")
            #expect(server.received.last?.connection == 4)
        }
        await server.stop()
    }

    @Test("a connection that has waited too long is closed in order")
    func idle() async throws {
        let server = try await Server.start()
        try await TransportRig.with(TransportRig.relays([server]).merging(["WAYBILL_SMTP_IDLE": "1"]) { $1 }) { transport in
            _ = await transport.deliver(to: "ann@example.net")
            try await eventually(within: .seconds(60), "goodbye") { server.reached(.quit) == 1 && server.openConnections == 0 }
        }
        await server.stop()
    }

    @Test("no more connections than are allowed, and each message has its turn")
    func limit() async throws {
        let server = try await Server.start(.init().on(.dot, .after(.milliseconds(20), .accept)))
        let environment = TransportRig.relays([server]).merging(["WAYBILL_SMTP_CONNECTIONS": "3"]) { $1 }
        try await TransportRig.with(environment) { transport in
            await withDiscardingTaskGroup { group in
                for number in 0..<40 {
                    group.addTask { #expect(await transport.deliver(to: "ann@example.net", number: number).summary == "accepted") }
                }
            }
            #expect(server.count == 40)
            #expect(server.connections == 3)
        }
        await server.stop()
    }

    @Test("a message that waits for its turn can be cancelled, and the turn is not lost")
    func cancelledWhileWaiting() async throws {
        let server = try await Server.start(.init().on(.dot, turns: 1...1, .after(.milliseconds(500), .accept)))
        let environment = TransportRig.relays([server]).merging(["WAYBILL_SMTP_CONNECTIONS": "1"]) { $1 }
        try await TransportRig.with(environment) { transport in
            async let slow = transport.deliver(to: "ann@example.net")
            try await eventually(within: .seconds(60), "the first is at the dot") { server.reached(.dot) == 1 }
            let waiting = Task { await transport.deliver(to: "ben@example.net") }
            try await Task.sleep(for: .milliseconds(50))
            waiting.cancel()
            guard case .failed(.cancelled, _, mayHaveLeft: false) = await waiting.value.outcome else {
                Issue.record("not cancelled")
                return
            }
            #expect(await slow.summary == "accepted")
            #expect(await transport.deliver(to: "cat@example.net").summary == "accepted")
        }
        await server.stop()
    }

    @Test("credentials never go to a relay that cannot be trusted; the next relay has the mail", arguments: [true, false])
    func credentials(isTrusted: Bool) async throws {
        let certificate = try TestCertificate()
        var settings = Server.Settings()
        settings.tls = try certificate.context()
        settings.logins = ["u": "s3cret"]
        let first = try await Server.start(settings: settings)
        let second = try await Server.start()
        var environment = [
            "WAYBILL_TRANSPORT": "smtp://u:s3cret@localhost:\(first.port) smtp://127.0.0.1:\(second.port)"
        ]
        if isTrusted { environment["WAYBILL_SMTP_CA"] = certificate.file }
        try await TransportRig.with(environment) { transport in
            let handover = await transport.deliver(to: "ann@example.net")
            #expect(handover.summary == "accepted", "\(handover.transcript)")
            #expect(first.count == (isTrusted ? 1 : 0))
            #expect(first.reached(.auth) == (isTrusted ? 1 : 0))
            #expect(!handover.transcript.contains("s3cret"))
            if isTrusted {
                #expect(handover.peer == "localhost[127.0.0.1]:\(first.port)")
                #expect(handover.tls?.hasPrefix("TLSv1.3 TLS_") == true)
                #expect(handover.transcript.contains("certificate verified"))
            }
        }
        await first.stop()
        await second.stop()
    }
}
