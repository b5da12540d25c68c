import Support
import Synchronization
import Testing

@testable import DNS

@Suite(.timeLimit(.minutes(1)))
struct ResolverTests {
    private func resolver(
        _ server: ScriptedDNSServer, wait: Duration = .seconds(20),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) throws -> Resolver {
        try Resolver(servers: server.address, wait: wait, tries: 2, now: now)
    }

    private func mail(_ resolver: Resolver, _ domain: String) async -> Result<MailExchangers, LookupFailure> {
        do { return .success(try await resolver.mailExchangers(of: domain)) } catch { return .failure(error) }
    }

    private func addresses(_ resolver: Resolver, _ host: String) async -> Result<[String], LookupFailure> {
        do { return .success(try await resolver.addresses(of: host).map(\.description)) } catch { return .failure(error) }
    }

    @Test("mail hosts come in order of preference, whatever the case of their names")
    func exchangers() async throws {
        let server = try await ScriptedDNSServer.start()
        server.answer("example.net", .mx, .records([.mx(20, "MX2.Example.NET"), .mx(10, "mx1.example.net")]))
        #expect(
            await mail(try resolver(server), "Example.net")
                == .success(
                    .hosts([
                        MailExchanger(preference: 10, host: "mx1.example.net"),
                        MailExchanger(preference: 20, host: "mx2.example.net"),
                    ])))
        await server.stop()
    }

    @Test(
        "what a domain can say about its mail, and what no answer means",
        arguments: [
            (ScriptedDNSServer.Answer.records([.mx(0, ".")]), Result<MailExchangers, LookupFailure>.success(.null)),
            (.noRecords, .success(.none)), (.noSuchName, .failure(.noSuchName("example.net"))),
            (
                .truncated(.records([.mx(1, "mx.example.net")])),
                .success(.hosts([MailExchanger(preference: 1, host: "mx.example.net")]))
            ),
            (
                .after(.milliseconds(50), .records([.mx(1, "mx.example.net")])),
                .success(.hosts([MailExchanger(preference: 1, host: "mx.example.net")]))
            ),
            (
                .records([.cname("alias.test"), .of("alias.test", .mx(5, "mx.alias.test")), .of("other.test", .mx(1, "evil.test"))]
                ),
                .success(.hosts([MailExchanger(preference: 5, host: "mx.alias.test")]))
            ),
            // A host that is no host name is as none.
            (.records([.mx(5, "a b.test")]), .success(.none)),
        ])
    func sayings(answer: ScriptedDNSServer.Answer, expected: Result<MailExchangers, LookupFailure>) async throws {
        let server = try await ScriptedDNSServer.start()
        server.answer("example.net", .mx, answer)
        #expect(await mail(try resolver(server), "example.net") == expected)
        await server.stop()
    }

    @Test(
        "a name server that fails, refuses, is silent or talks nonsense has not answered: that may pass",
        arguments: [ScriptedDNSServer.Answer.serverFailure, .refused, .silence, .garbled(0xFF), .garbled(0xC0)])
    func unanswered(answer: ScriptedDNSServer.Answer) async throws {
        let server = try await ScriptedDNSServer.start()
        server.answer("example.net", .mx, answer)
        guard case .failure(let failure) = await mail(try resolver(server, wait: .milliseconds(200)), "example.net") else {
            Issue.record("an answer")
            return
        }
        #expect(failure.isPassing)
        #expect(failure.description.contains("example.net"))
        await server.stop()
    }

    @Test("nobody at the name server's address is no answer either")
    func nobody() async throws {
        let server = try await ScriptedDNSServer.start()
        let resolver = try resolver(server)
        await server.stop()
        guard case .failure(.unanswered) = await mail(resolver, "example.net") else {
            Issue.record("an answer")
            return
        }
    }

    @Test("both families of addresses, in turn; where one cannot be looked up, the other")
    func families() async throws {
        let server = try await ScriptedDNSServer.start()
        server.host("both.test", ["192.0.2.1", "192.0.2.2", "2001:db8::1"])
        server.answer("six-fails.test", .aaaa, .serverFailure)
        server.answer("six-fails.test", .a, .records([.a("192.0.2.3")]))
        server.answer("alias.test", .a, .records([.cname("host.test"), .of("host.test", .a("192.0.2.4"))]))
        server.answer("all-fail.test", .a, .noRecords)
        server.answer("all-fail.test", .aaaa, .serverFailure)
        server.answer("none.test", .mx, .noRecords)
        let resolver = try resolver(server)
        #expect(await addresses(resolver, "both.test") == .success(["2001:db8::1", "192.0.2.1", "192.0.2.2"]))
        #expect(await addresses(resolver, "six-fails.test") == .success(["192.0.2.3"]))
        #expect(await addresses(resolver, "alias.test") == .success(["192.0.2.4"]))
        #expect(await addresses(resolver, "none.test") == .failure(.noRecords("none.test")))
        #expect(await addresses(resolver, "nowhere.test") == .failure(.noSuchName("nowhere.test")))
        guard case .failure(.unanswered) = await addresses(resolver, "all-fail.test") else {
            Issue.record("an answer")
            return
        }
        await server.stop()
    }

    @Test("an answer is remembered for its time to live, and many who ask at once ask once")
    func remembers() async throws {
        let server = try await ScriptedDNSServer.start()
        server.answer("example.net", .mx, .after(.milliseconds(100), .records([.mx(1, "mx.example.net")], ttl: 30)))
        let began = ContinuousClock.now
        let passed = Mutex(Duration.zero)
        let resolver = try resolver(server, now: { began + passed.withLock { $0 } })
        await withTaskGroup { group in
            for _ in 0..<50 { group.addTask { _ = await mail(resolver, "example.net") } }
        }
        #expect(server.asked("example.net", .mx) == 1)
        passed.withLock { $0 = .seconds(29) }
        _ = await mail(resolver, "example.net")
        #expect(server.asked("example.net", .mx) == 1)
        passed.withLock { $0 = .seconds(31) }
        _ = await mail(resolver, "example.net")
        #expect(server.asked("example.net", .mx) == 2)
        await server.stop()
    }

    @Test("a lookup that is cancelled ends at once, and the next one still gets its answer")
    func cancelled() async throws {
        let server = try await ScriptedDNSServer.start()
        server.answer("example.net", .mx, .after(.seconds(2), .records([.mx(1, "mx.example.net")])))
        let resolver = try Resolver(servers: server.address, wait: .seconds(30), tries: 1)
        let task = Task { await mail(resolver, "example.net") }
        try await eventually(within: .seconds(30), "the question") { server.asked("example.net", .mx) == 1 }
        task.cancel()
        #expect(await task.value == .failure(.cancelled))
        guard case .success(.hosts) = await mail(resolver, "example.net") else {
            Issue.record("no answer")
            return
        }
        await server.stop()
    }

    @Test("what is no domain name is not asked for", arguments: ["", "a b", "a..b", ".", "bücher.example", "x\0y.test"])
    func unfit(name: String) async throws {
        let server = try await ScriptedDNSServer.start()
        guard case .failure(.unfitName) = await mail(try resolver(server), name) else {
            Issue.record("asked")
            return
        }
        await server.stop()
    }

    @Test("a list of name servers that is none is refused", arguments: ["nonsense", "300.1.1.1"])
    func lists(list: String) {
        #expect(throws: ResolverError.self) { try Resolver(servers: list) }
    }
}
