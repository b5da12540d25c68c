import CCares
import Glibc

/// A channel of c-ares and the sockets that it wants watched. Used by one thread.
final class AresChannel {
    /// Brings the channel to its thread, and no further.
    struct Box: @unchecked Sendable {
        let channel: AresChannel
        init(_ channel: AresChannel) { self.channel = channel }
    }

    /// One question under way, as the library carries it around.
    private final class Pending {
        let answered: @Sendable (NameServers.Answer) -> Void
        init(_ answered: @escaping @Sendable (NameServers.Answer) -> Void) { self.answered = answered }
    }

    private final class Sockets {
        var events: [Int32: Int16] = [:]
    }

    private let channel: ares_channel
    private let sockets = Sockets()
    private static let started = ares_library_init(ARES_LIB_INIT_NONE)

    init(servers: String?, wait: Duration, tries: Int) throws(ResolverError) {
        guard Self.started == 0 else { throw .cannotStart(String(cString: ares_strerror(Self.started))) }
        var options = ares_options()
        options.flags = Int32(ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS)
        options.timeout = Int32(clamping: wait.components.seconds * 1000 + wait.components.attoseconds / 1_000_000_000_000_000)
        options.tries = Int32(clamping: tries)
        options.ednspsz = 1232
        options.sock_state_cb_data = Unmanaged.passUnretained(sockets).toOpaque()
        options.sock_state_cb = { data, socket, readable, writable in
            guard let data else { return }
            let sockets = Unmanaged<Sockets>.fromOpaque(data).takeUnretainedValue()
            let events = (readable != 0 ? Int16(POLLIN) : 0) | (writable != 0 ? Int16(POLLOUT) : 0)
            sockets.events[socket] = events == 0 ? nil : events
        }
        let mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_EDNSPSZ
        var made: ares_channel?
        let status = ares_init_options(&made, &options, Int32(mask))
        guard status == ARES_SUCCESS, let made else { throw .cannotStart(String(cString: ares_strerror(status))) }
        channel = made
        guard let servers else { return }
        guard ares_set_servers_ports_csv(made, servers) == ARES_SUCCESS else {
            ares_destroy(made)
            throw .unfitServers(servers)
        }
    }

    func ask(_ question: DNSQuestion, _ answered: @escaping @Sendable (NameServers.Answer) -> Void) {
        let pending = Unmanaged.passRetained(Pending(answered)).toOpaque()
        ares_query(
            channel, question.name, 1, Int32(question.kind.rawValue),
            { data, status, _, bytes, length in
                guard let data else { return }
                let pending = Unmanaged<Pending>.fromOpaque(data).takeRetainedValue()
                let message = bytes.map { Array(UnsafeBufferPointer(start: $0, count: Int(max(0, length)))) } ?? []
                pending.answered(NameServers.Answer(status: status, message: message))
            }, pending)
    }

    /// Waits until something is to be read or written, a question's time is up, or `wakeup` can be read; does what is to be done.
    func wait(until wakeup: Int32) {
        var watched = sockets.events.map { pollfd(fd: $0.key, events: $0.value, revents: 0) }
        watched.append(pollfd(fd: wakeup, events: Int16(POLLIN), revents: 0))
        var limit = timeval()
        var milliseconds: Int32 = -1
        if let wait = ares_timeout(channel, nil, &limit)?.pointee {
            milliseconds = Int32(clamping: wait.tv_sec * 1000 + (Int(wait.tv_usec) + 999) / 1000)
        }
        let count = poll(&watched, nfds_t(watched.count), milliseconds)
        // Whoever's time is up hears so, also while much is asked.
        defer { ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD) }
        guard count > 0 else { return }
        for socket in watched.dropLast() where socket.revents != 0 {
            let isBroken = socket.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
            let reads = socket.revents & Int16(POLLIN) != 0 || isBroken
            let writes = socket.revents & Int16(POLLOUT) != 0
            ares_process_fd(channel, reads ? socket.fd : ARES_SOCKET_BAD, writes ? socket.fd : ARES_SOCKET_BAD)
        }
    }

    /// Ends what is under way, unanswered, and the channel. Not to be used after that.
    func end() {
        ares_destroy(channel)
    }
}
