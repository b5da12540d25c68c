import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A name server over real sockets that answers what a test tells it, on UDP and TCP.
///
/// A name that nothing is said about does not exist (NXDOMAIN); one that something else is said about has no such records.
package final class ScriptedDNSServer: Sendable {
    package enum Kind: UInt16, Sendable, CaseIterable {
        case a = 1
        case cname = 5
        case mx = 15
        case aaaa = 28
    }

    package enum Record: Sendable {
        case a(String)
        case aaaa(String)
        case mx(Int, String)
        case cname(String)
        /// Of another name than the one that was asked for, as behind an alias.
        indirect case of(String, Record)
    }

    package indirect enum Answer: Sendable {
        case records([Record], ttl: Int = 60)
        /// NXDOMAIN.
        case noSuchName
        case noRecords
        case serverFailure
        case refused
        /// Never any answer.
        case silence
        case after(Duration, Answer)
        /// Over UDP only that the answer is too long for it; over TCP the answer.
        case truncated(Answer)
        /// The answer with each byte after the header replaced by this one.
        case garbled(UInt8)
    }

    private struct Question: Hashable {
        let name: String
        let kind: UInt16
    }

    private struct State {
        var zone: [Question: Answer] = [:]
        var asked: [Question: Int] = [:]
        var channels: [any Channel] = []
        var port = 0
    }

    package let host = "127.0.0.1"
    private let state = Mutex(State())

    package var port: Int { state.withLock(\.port) }
    /// As `WAYBILL_DNS` wants it.
    package var address: String { "\(host):\(port)" }

    private init() {}

    package static func start() async throws -> ScriptedDNSServer {
        let server = ScriptedDNSServer()
        let group = MultiThreadedEventLoopGroup.singleton
        // The same port has to be free for both.
        for attempt in 1... {
            let udp = try await DatagramBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(ScriptedDNSDatagrams(server: server))
                    }
                }
                .bind(host: server.host, port: 0).get()
            let port = udp.localAddress?.port ?? 0
            do {
                let tcp = try await ServerBootstrap(group: group)
                    .childChannelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(ScriptedDNSStream(server: server))
                        }
                    }
                    .bind(host: server.host, port: port).get()
                server.state.withLock { state in
                    state.port = port
                    state.channels = [udp, tcp]
                }
                return server
            } catch {
                udp.close(promise: nil)
                guard attempt < 20 else { throw error }
            }
        }
        return server
    }

    package func stop() async {
        for channel in state.withLock(\.channels) {
            channel.close(promise: nil)
            await withCheckedContinuation { continuation in channel.closeFuture.whenComplete { _ in continuation.resume() } }
        }
    }

    package func answer(_ name: String, _ kind: Kind, _ answer: Answer) {
        state.withLock { $0.zone[Question(name: name.lowercased(), kind: kind.rawValue)] = answer }
    }

    /// Mail hosts of a domain, each with its addresses, IPv4 or IPv6.
    package func mail(for domain: String, _ hosts: [(preference: Int, host: String, addresses: [String])]) {
        answer(domain, .mx, .records(hosts.map { .mx($0.preference, $0.host) }))
        for host in hosts { self.host(host.host, host.addresses) }
    }

    package func host(_ name: String, _ addresses: [String]) {
        let (six, four) = (addresses.filter { $0.contains(":") }, addresses.filter { !$0.contains(":") })
        answer(name, .a, four.isEmpty ? .noRecords : .records(four.map { .a($0) }))
        answer(name, .aaaa, six.isEmpty ? .noRecords : .records(six.map { .aaaa($0) }))
    }

    /// How often a question was asked.
    package func asked(_ name: String, _ kind: Kind) -> Int {
        state.withLock { $0.asked[Question(name: name.lowercased(), kind: kind.rawValue), default: 0] }
    }

    // MARK: - Answering

    /// What to say to a message, and when; `nil` for nothing.
    func reply(to message: [UInt8], overTCP: Bool) -> (bytes: [UInt8], delay: Duration)? {
        guard let (name, kind, end) = DNSWire.question(in: message) else { return nil }
        let question = Question(name: name, kind: kind)
        let answer = state.withLock { state -> Answer in
            state.asked[question, default: 0] += 1
            let isKnown = state.zone.keys.contains { $0.name == name }
            return state.zone[question] ?? (isKnown ? .noRecords : .noSuchName)
        }
        var delay = Duration.zero
        var what = answer
        var isTruncated = false
        while true {
            switch what {
            case .after(let wait, let next):
                delay += wait
                what = next
                continue
            case .truncated(let next):
                isTruncated = !overTCP
                what = next
                continue
            default: break
            }
            break
        }
        let head = Array(message[..<end])
        guard !isTruncated else { return (DNSWire.reply(head, code: 0, records: [], isTruncated: true), delay) }
        switch what {
        case .silence, .after, .truncated: return nil
        case .noSuchName: return (DNSWire.reply(head, code: 3, records: []), delay)
        case .noRecords: return (DNSWire.reply(head, code: 0, records: []), delay)
        case .serverFailure: return (DNSWire.reply(head, code: 2, records: []), delay)
        case .refused: return (DNSWire.reply(head, code: 5, records: []), delay)
        case .records(let records, let ttl):
            return (DNSWire.reply(head, code: 0, records: records.map { DNSWire.record($0, name: name, ttl: ttl) }), delay)
        case .garbled(let byte):
            let whole = DNSWire.reply(head, code: 0, records: [DNSWire.record(.a("192.0.2.1"), name: name, ttl: 60)])
            return (Array(whole[..<end]) + whole[end...].map { _ in byte }, delay)
        }
    }
}
