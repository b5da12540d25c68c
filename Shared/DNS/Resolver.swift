import CCares
import Synchronization

/// Looks up where mail goes, and remembers it as long as DNS allows.
///
/// Whoever asks what is being asked already waits for the same answer.
package final class Resolver: Sendable {
    private let servers: NameServers
    private let state = Mutex(State())
    private let now: @Sendable () -> ContinuousClock.Instant

    /// How long answers are kept, whatever their time to live: long enough that a mailing asks once, and no longer than an hour.
    private static let shortest = Duration.seconds(1)
    private static let longest = Duration.seconds(3600)
    /// How long absence is remembered at most.
    private static let longestAbsence = Duration.seconds(300)
    /// How long no answer counts as one: asking costs the servers' whole timeout each time.
    private static let silence = Duration.seconds(5)
    /// The most answers that are remembered.
    private static let capacity = 10_000

    private typealias Result = Swift.Result<[DNSMessage.Value], LookupFailure>

    private struct State {
        var known: [DNSQuestion: (result: Result, until: ContinuousClock.Instant)] = [:]
        /// In the order of their coming, for those that must go first.
        var order: [DNSQuestion] = []
        var waiting: [DNSQuestion: [Int: CheckedContinuation<Result, Never>]] = [:]
        var next = 0
    }

    /// - Parameters:
    ///   - servers: Addresses parted by commas, each with a port if it is not 53; the system's name servers where `nil`.
    ///   - wait: For the first answer; doubled with each of the `tries`, so that the whole takes 14 seconds with the defaults.
    ///   - now: The clock by which answers grow old.
    /// - Throws: ``ResolverError``.
    package init(
        servers: String? = nil, wait: Duration = .seconds(2), tries: Int = 3,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) throws(ResolverError) {
        self.servers = try NameServers(servers, wait: wait, tries: tries)
        self.now = now
    }

    deinit { servers.stop() }

    /// Whether a text is a list of name servers.
    /// - Throws: ``ResolverError`` where it is not.
    package static func check(servers: String) throws(ResolverError) {
        try AresChannel(servers: servers, wait: .seconds(1), tries: 1).end()
    }

    /// Where a domain wants its mail.
    /// - Parameter domain: In ASCII.
    package func mailExchangers(of domain: String) async throws(LookupFailure) -> MailExchangers {
        let values: [DNSMessage.Value]
        switch await look(up: try DNSQuestion(domain, .mx)) {
        case .success(let found): values = found
        case .failure(.noRecords): return .none
        case .failure(let failure): throw failure
        }
        let hosts = values.compactMap { value -> MailExchanger? in
            if case .exchanger(let host) = value { host } else { nil }
        }
        if !hosts.isEmpty { return .hosts(hosts.sorted { $0.preference < $1.preference }) }
        return values.contains(.nullExchanger) ? .null : .none
    }

    /// A host's addresses: IPv6 and IPv4 in turn, IPv6 first (RFC 8305 section 4). If one family cannot be looked up, the other's.
    /// - Parameter host: In ASCII.
    package func addresses(of host: String) async throws(LookupFailure) -> [IPAddress] {
        let (six, four) = (try DNSQuestion(host, .aaaa), try DNSQuestion(host, .a))
        async let sixth = look(up: six)
        async let fourth = look(up: four)
        let results = await [sixth, fourth]
        let families = results.map { result -> [IPAddress] in
            guard case .success(let values) = result else { return [] }
            return values.compactMap { if case .address(let address) = $0 { address } else { nil } }
        }
        var addresses: [IPAddress] = []
        for index in 0..<(families.map(\.count).max() ?? 0) {
            for family in families where index < family.count { addresses.append(family[index]) }
        }
        guard addresses.isEmpty else { return addresses }
        let failures = results.compactMap { result -> LookupFailure? in
            if case .failure(let failure) = result { failure } else { nil }
        }
        throw failures.first(where: \.isPassing) ?? failures.first ?? .noRecords(host)
    }

    // MARK: - Asking

    private enum Standing {
        case known(Result)
        case mustAsk
        case isAsked
    }

    private func look(up question: DNSQuestion) async -> Result {
        if let known = remembered(question) { return known }
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let standing = state.withLock { state -> Standing in
                    if let (result, until) = state.known[question], until > now() { return .known(result) }
                    guard !Task.isCancelled else { return .known(.failure(.cancelled)) }
                    let isFirst = state.waiting[question] == nil
                    state.waiting[question, default: [:]][number] = continuation
                    return isFirst ? .mustAsk : .isAsked
                }
                switch standing {
                case .known(let result): continuation.resume(returning: result)
                case .isAsked: break
                case .mustAsk:
                    servers.ask(question) { [weak self] answer in self?.settle(question, with: answer) }
                }
            }
        } onCancel: {
            state.withLock { $0.waiting[question]?.removeValue(forKey: number) }?.resume(returning: .failure(.cancelled))
        }
    }

    private func remembered(_ question: DNSQuestion) -> Result? {
        let now = now()
        return state.withLock { state in
            guard let (result, until) = state.known[question], until > now else { return nil }
            return result
        }
    }

    /// An answer has come: it is remembered, and told to all who wait for it.
    private func settle(_ question: DNSQuestion, with answer: NameServers.Answer) {
        let (result, lifetime) = Self.read(answer, to: question)
        let until = now() + lifetime
        let waiting = state.withLock { state in
            if state.known.updateValue((result, until), forKey: question) == nil { state.order.append(question) }
            if state.order.count > Self.capacity {
                for old in state.order.prefix(Self.capacity / 4) { state.known[old] = nil }
                state.order.removeFirst(Self.capacity / 4)
            }
            return state.waiting.removeValue(forKey: question)
        }
        for continuation in (waiting ?? [:]).values { continuation.resume(returning: result) }
    }

    private static func read(_ answer: NameServers.Answer, to question: DNSQuestion) -> (Result, Duration) {
        let message = DNSMessage(answer.message)
        let absence = Duration.seconds(Int(message?.negativeTTL ?? 60))
        let absent = max(shortest, min(longestAbsence, absence))
        switch answer.status {
        case ARES_SUCCESS, ARES_ENODATA:
            guard let message else { return (.failure(.unanswered(question.name, reason: "its answer is garbled")), silence) }
            let (values, ttl) = message.values(for: question.name)
            guard !values.isEmpty else { return (.failure(.noRecords(question.name)), absent) }
            return (.success(values), max(shortest, min(longest, .seconds(Int(ttl)))))
        case ARES_ENOTFOUND: return (.failure(.noSuchName(question.name)), absent)
        case ARES_EBADNAME: return (.failure(.unfitName(question.name)), longest)
        default: return (.failure(.unanswered(question.name, reason: answer.reason)), silence)
        }
    }
}
