import CCares
import Foundation
import Synchronization

/// Asks name servers, by c-ares, on a thread of its own: the library's channel is for one thread alone, and nothing here blocks
/// Swift's pool.
final class NameServers: Sendable {
    /// What came back: c-ares's status, and the message if there is one.
    struct Answer: Sendable {
        let status: Int32
        let message: [UInt8]

        var reason: String { String(cString: ares_strerror(status)) }
    }

    private struct Asked {
        let question: DNSQuestion
        let answered: @Sendable (Answer) -> Void
    }

    private struct State {
        var asked: [Asked] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    private let wakeup: Int32

    /// - Parameters:
    ///   - servers: Such as `192.0.2.53` or `[2001:db8::53]:5353`, parted by commas; the system's where `nil`.
    ///   - wait: For the first answer; doubled with each of the `tries`.
    /// - Throws: ``ResolverError``.
    init(_ servers: String?, wait: Duration, tries: Int) throws(ResolverError) {
        let channel = try AresChannel(servers: servers, wait: wait, tries: tries)
        wakeup = ccares_eventfd()
        guard wakeup >= 0 else { throw .cannotStart(String(cString: strerror(errno))) }
        let box = AresChannel.Box(channel)
        let thread = Thread { [self] in work(on: box.channel) }
        thread.name = "dns"
        thread.start()
    }

    deinit { close(wakeup) }

    /// Calls back on the thread, exactly once.
    func ask(_ question: DNSQuestion, answered: @escaping @Sendable (Answer) -> Void) {
        let isStopped = state.withLock { state in
            if !state.isStopped { state.asked.append(Asked(question: question, answered: answered)) }
            return state.isStopped
        }
        guard !isStopped else { return answered(Answer(status: ARES_EDESTRUCTION, message: [])) }
        ccares_eventfd_raise(wakeup)
    }

    /// Ends the thread; what is still asked ends unanswered.
    func stop() {
        state.withLock { $0.isStopped = true }
        ccares_eventfd_raise(wakeup)
    }

    private func work(on channel: AresChannel) {
        while true {
            let (asked, isStopped) = state.withLock { state in
                defer { state.asked = [] }
                return (state.asked, state.isStopped)
            }
            for asked in asked { channel.ask(asked.question, asked.answered) }
            guard !isStopped else { break }
            channel.wait(until: wakeup)
            ccares_eventfd_clear(wakeup)
        }
        channel.end()
    }
}

/// Why names cannot be looked up at all.
package enum ResolverError: Error, Hashable, CustomStringConvertible {
    case cannotStart(String)
    case unfitServers(String)

    package var description: String {
        switch self {
        case .cannotStart(let reason): "Names cannot be looked up: c-ares does not start (\(reason))."
        case .unfitServers(let list):
            "\(list.debugDescription) is not a list of name servers. Write addresses parted by commas, such as 192.0.2.53,[2001:db8::53]:5353."
        }
    }
}
