import Foundation
import SMTP
import Support
import Testing

@testable import Sender

@Suite("Straight to MX hosts", .timeLimit(.minutes(2)))
struct MXTests {
    typealias Server = ScriptedSMTPServer

    /// A name server, and SMTP servers at addresses of this machine that share one port.
    private struct World: Sendable {
        let dns: ScriptedDNSServer
        let port: Int
        let servers: [String: Server]

        init(_ scripts: [String: Server.Script] = [:], settings: Server.Settings = .init()) async throws {
            dns = try await ScriptedDNSServer.start()
            port = try Ports.free()
            var servers: [String: Server] = [:]
            for (address, script) in scripts {
                servers[address] = try await Server.start(script, settings: settings, host: address, port: port)
            }
            self.servers = servers
        }

        func count(_ address: String) -> Int { servers[address]?.count ?? -1 }

        func run(_ more: [String: String] = [:], body: @Sendable (SMTPTransport) async throws -> Void) async throws {
            let environment = [
                "WAYBILL_TRANSPORT": "mx?port=\(port)&loopback=yes", "WAYBILL_DNS": dns.address, "WAYBILL_SMTP_TIMEOUT": "2",
            ]
            try await TransportRig.with(environment.merging(more) { $1 }, body: body)
            for server in servers.values { await server.stop() }
            await dns.stop()
        }
    }

    @Test("the most preferred host has the mail, and the transcript says how it was found")
    func preference() async throws {
        let world = try await World(["127.0.0.2": .init(), "127.0.0.3": .init()])
        world.dns.mail(for: "example.net", [(20, "mx2.example.net", ["127.0.0.3"]), (10, "mx1.example.net", ["127.0.0.2"])])
        try await world.run { transport in
            let handover = await transport.deliver(to: "ann@example.net")
            #expect(handover.summary == "accepted")
            #expect(world.count("127.0.0.2") == 1)
            #expect(world.count("127.0.0.3") == 0)
            #expect(handover.peer == "mx1.example.net[127.0.0.2]:\(world.port)")
            #expect(handover.transcript.contains("MX of example.net: 10 mx1.example.net, 20 mx2.example.net"))
        }
    }

    @Test("equal hosts share the mail")
    func equal() async throws {
        let world = try await World(["127.0.0.2": .init(), "127.0.0.3": .init()])
        world.dns.mail(for: "example.net", [(10, "mx1.example.net", ["127.0.0.2"]), (10, "mx2.example.net", ["127.0.0.3"])])
        try await world.run(["WAYBILL_SMTP_MESSAGES": "1"]) { transport in
            for number in 0..<60 { #expect(await transport.deliver(to: "ann@example.net", number: number).summary == "accepted") }
            #expect(world.count("127.0.0.2") + world.count("127.0.0.3") == 60)
            // Either having none of sixty comes once in 2^59.
            #expect(world.count("127.0.0.2") > 0 && world.count("127.0.0.3") > 0)
        }
    }

    @Test(
        "a host that cannot take mail now hands over to the next, and the transcript tells of both",
        arguments: [
            Server.Script().on(.greeting, .reply("421 4.7.0 Busy")), .init().on(.greeting, .reply("554 No")),
            .init().on(.greeting, .drop), .init().on(.greeting, .hang), .init().on(.mail, .reply("421 4.7.0 Bye")),
            .init().on(.data, .reset),
        ])
    func nextHost(script: Server.Script) async throws {
        let world = try await World(["127.0.0.2": script, "127.0.0.3": .init()])
        world.dns.mail(for: "example.net", [(10, "mx1.example.net", ["127.0.0.2"]), (20, "mx2.example.net", ["127.0.0.3"])])
        try await world.run { transport in
            let handover = await transport.deliver(to: "ann@example.net")
            #expect(handover.summary == "accepted", "\(handover.transcript)")
            #expect(world.count("127.0.0.3") == 1)
            #expect(handover.transcript.contains("mx1.example.net[127.0.0.2]:\(world.port)"))
            #expect(handover.transcript.contains("connected to mx2.example.net[127.0.0.3]:\(world.port)"))
        }
    }

    @Test("a host that is down, one that has no address, an IPv6 address that leads nowhere: the next, down to the last")
    func deadHosts() async throws {
        let world = try await World(["127.0.0.4": .init(), "::1": .init()])
        world.dns.mail(
            for: "example.net",
            [
                (10, "gone.example.net", []), (20, "down.example.net", ["127.0.0.2", "127.0.0.3"]),
                (30, "six.example.net", ["2001:db8::1", "127.0.0.4"]),
            ])
        world.dns.answer("lost.example.net", .a, .serverFailure)
        world.dns.mail(for: "six-only.test", [(10, "six-only.test", ["::1"])])
        try await world.run { transport in
            let handover = await transport.deliver(to: "ann@example.net")
            #expect(handover.summary == "accepted", "\(handover.transcript)")
            #expect(world.count("127.0.0.4") == 1)
            #expect(handover.transcript.contains("gone.example.net"))
            #expect(handover.transcript.contains("down.example.net[127.0.0.3]:\(world.port): The server cannot be reached"))
            #expect(handover.transcript.contains("six.example.net[2001:db8::1]:\(world.port): The server cannot be reached"))
            #expect(await transport.deliver(to: "ann@six-only.test").peer == "six-only.test[::1]:\(world.port)")
            #expect(world.count("::1") == 1)
        }
    }

    @Test("a domain without MX takes mail at its own address; an address literal and a domain beyond ASCII are found")
    func otherWays() async throws {
        var settings = Server.Settings()
        settings.extensions = ["PIPELINING"]
        let world = try await World(["127.0.0.2": .init()], settings: settings)
        world.dns.host("plain.test", ["127.0.0.2"])
        world.dns.mail(for: "xn--bcher-kva.test", [(10, "mx.test", ["127.0.0.2"])])
        world.dns.answer("alias.test", .mx, .records([.cname("real.test"), .of("real.test", .mx(1, "aliased.test"))]))
        world.dns.answer("aliased.test", .a, .records([.cname("host.test"), .of("host.test", .a("127.0.0.2"))]))
        try await world.run { transport in
            for recipient in ["a@plain.test", "b@[127.0.0.2]", "c@bücher.test", "d@alias.test"] {
                let handover = await transport.deliver(to: recipient)
                #expect(handover.summary == "accepted", "\(handover.transcript)")
            }
            #expect(
                world.servers["127.0.0.2"]?.received.flatMap(\.recipients)
                    == ["a@plain.test", "b@[127.0.0.2]", "c@xn--bcher-kva.test", "d@alias.test"])
        }
    }

    @Test(
        "no such domain and no mail wanted are final; a name server that fails is not",
        arguments: [
            (ScriptedDNSServer.Answer.noSuchName, true, "no domain example.net"), (.records([.mx(0, ".")]), true, "takes no mail"),
            (.noRecords, true, "no server that takes mail"),
            (.records([.mx(10, "nowhere.test")]), true, "nowhere.test does not exist"),
            (.records([.mx(10, "lost.test")]), false, "DNS does not answer for lost.test"),
            (.serverFailure, false, "cannot be found"),
            (.silence, false, "cannot be found"), (.refused, false, "cannot be found"),
        ])
    func unroutable(answer: ScriptedDNSServer.Answer, isFinal: Bool, words: String) async throws {
        let world = try await World()
        world.dns.answer("example.net", .mx, answer)
        world.dns.answer("lost.test", .a, .serverFailure)
        try await world.run { transport in
            let handover = await transport.deliver(to: "ann@example.net")
            #expect(handover.summary == (isFinal ? "unsendable" : "failed"))
            switch handover.outcome {
            case .unsendable(let obstacle): #expect(obstacle.description.contains(words))
            case .failed(let fault, _, false): #expect(fault.description.contains(words))
            default: Issue.record("\(handover.outcome)")
            }
            #expect(handover.transcript.contains("example.net"))
        }
    }

    @Test(
        "mail hosts that lead back to this machine or to many get no mail unless that is allowed",
        arguments: ["127.0.0.2", "0.0.0.0", "::1", "224.0.0.1", "::ffff:127.0.0.2"])
    func loop(address: String) async throws {
        let world = try await World(["127.0.0.2": .init()])
        world.dns.mail(for: "example.net", [(10, "mx.example.net", [address])])
        try await world.run(["WAYBILL_TRANSPORT": "mx?port=\(world.port)"]) { transport in
            #expect(await transport.deliver(to: "ann@example.net").summary == "unsendable")
            #expect(await transport.deliver(to: "ann@[127.0.0.2]").summary == "unsendable")
            #expect(world.servers["127.0.0.2"]?.connections == 0)
        }
    }

    @Test("a domain with very many hosts and addresses costs a bounded number of tries")
    func bounded() async throws {
        let world = try await World()
        let hosts = (0..<40).map { number in
            (preference: number, host: "mx\(number).example.net", addresses: (0..<5).map { "127.0.\(number).\($0 + 2)" })
        }
        world.dns.mail(for: "example.net", hosts)
        try await world.run { transport in
            let handover = await transport.deliver(to: "ann@example.net")
            #expect(handover.summary == "failed")
            #expect(handover.transcript.components(separatedBy: "cannot be reached").count - 1 == 10)
            #expect(handover.transcript.utf8.count <= SMTPTranscript.longest)
        }
    }

    @Test("TLS is used where it is offered, with any certificate, and done without where it fails", arguments: [true, false])
    func tls(works: Bool) async throws {
        var settings = Server.Settings()
        settings.tls = try TestCertificate(name: "elsewhere.test").context()
        let world = try await World(
            ["127.0.0.2": works ? .init() : .init().on(.startTLS, .both(.reply("220 go"), .drop))], settings: settings)
        world.dns.mail(for: "example.net", [(10, "mx.example.net", ["127.0.0.2"])])
        try await world.run { transport in
            let handover = await transport.deliver(to: "ann@example.net")
            #expect(handover.summary == "accepted", "\(handover.transcript)")
            #expect(world.servers["127.0.0.2"]?.received.map(\.isSecure) == [works])
            #expect((handover.tls?.hasPrefix("TLSv1.3 TLS_") == true) == works)
            #expect(handover.transcript.contains(works ? "certificate not verified" : "trying again in plain text"))
        }
    }

    @Test("a slow destination takes its share of connections and leaves the others alone")
    func slow() async throws {
        let world = try await World(["127.0.0.2": .init().on(.mail, .hang), "127.0.0.3": .init()])
        world.dns.mail(for: "slow.test", [(10, "mx.slow.test", ["127.0.0.2"])])
        world.dns.mail(for: "quick.test", [(10, "mx.quick.test", ["127.0.0.3"])])
        try await world.run(["WAYBILL_SMTP_CONNECTIONS": "2", "WAYBILL_SMTP_TIMEOUT": "30"]) { transport in
            try await withThrowingDiscardingTaskGroup { group in
                for number in 0..<10 { group.addTask { _ = await transport.deliver(to: "ann@slow.test", number: number) } }
                try await eventually(within: .seconds(60), "two hang") { world.servers["127.0.0.2"]?.reached(.mail) == 2 }
                for number in 0..<20 {
                    #expect(await transport.deliver(to: "ann@quick.test", number: number).summary == "accepted")
                }
                #expect(world.servers["127.0.0.2"]?.connections == 2)
                #expect(world.servers["127.0.0.3"]?.connections == 1)
                group.cancelAll()
            }
        }
    }

    @Test("domains with the same hosts share their connections, and a name is looked up once")
    func shared() async throws {
        let world = try await World(["127.0.0.2": .init()])
        for domain in ["one.test", "two.test"] { world.dns.mail(for: domain, [(10, "mx.test", ["127.0.0.2"])]) }
        try await world.run { transport in
            for number in 0..<5 {
                for domain in ["one.test", "two.test"] {
                    #expect(await transport.deliver(to: "ann@\(domain)", number: number).summary == "accepted")
                }
            }
            #expect(world.servers["127.0.0.2"]?.connections == 1)
            #expect(world.dns.asked("one.test", .mx) == 1)
            #expect(world.dns.asked("mx.test", .a) == 1)
        }
    }

    @Test("a host that is dead is soon no longer waited for")
    func dead() async throws {
        let world = try await World(["127.0.0.2": .init().on(.greeting, .hang)])
        world.dns.mail(for: "dead.test", [(10, "mx.dead.test", ["127.0.0.2"])])
        try await world.run(["WAYBILL_SMTP_TIMEOUT": "1"]) { transport in
            for _ in 0..<3 { _ = await transport.deliver(to: "ann@dead.test") }
            let before = world.servers["127.0.0.2"]?.connections
            let handover = await transport.deliver(to: "ann@dead.test")
            #expect(handover.summary == "failed")
            #expect(handover.transcript.contains("is not tried, because it failed"))
            #expect(world.servers["127.0.0.2"]?.connections == before)
        }
    }
}
