import CRabbitMQ
import Foundation

/// One open connection with its one channel, from login to end. Belongs to the thread that opened it and never leaves it.
final class Session {
    let state: amqp_connection_state_t
    let timings: Timings
    let arena = Arena()
    /// What has been put together of a message that comes in several frames.
    var partial = PartialMessage()
    /// The reason, while the broker takes no messages.
    var blocked: String?

    private let guardian: StallGuard
    private var isOver = false

    static let channel: amqp_channel_t = 1
    static let frameBytes = 131_072

    /// Connects, logs in and opens the channel.
    /// - Parameter name: What the broker's operator sees.
    init(to address: BrokerAddress, name: String, timings: Timings, guardian: StallGuard) throws(LinkFailure) {
        guard let state = amqp_new_connection() else {
            throw .library(status: AMQP_STATUS_NO_MEMORY.rawValue, doing: "making a connection")
        }
        self.state = state
        self.timings = timings
        self.guardian = guardian
        do {
            try connect(to: address)
            guardian.watch(descriptor)
            try logIn(to: address, name: name)
        } catch {
            end()
            throw error
        }
        guardian.opened()
    }

    deinit { end() }

    var descriptor: Int32 { amqp_get_sockfd(state) }

    private func connect(to address: BrokerAddress) throws(LinkFailure) {
        let socket = address.usesTLS ? amqp_ssl_socket_new(state) : amqp_tcp_socket_new(state)
        guard let socket else { throw .library(status: AMQP_STATUS_NO_MEMORY.rawValue, doing: "making a socket") }
        if address.usesTLS {
            // librabbitmq would take TLS 1.0 otherwise.
            try check(amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST), "asking for TLS 1.2")
            let authorities = address.authorities ?? "/etc/ssl/certs/ca-certificates.crt"
            try check(amqp_ssl_socket_set_cacert(socket, authorities), "reading the authorities in \(authorities)")
            amqp_ssl_socket_set_verify_peer(socket, 1)
            amqp_ssl_socket_set_verify_hostname(socket, 1)
        }
        var limit = timeval(timings.connect)
        try check(amqp_socket_open_noblock(socket, address.host, Int32(address.port), &limit), "connecting")
    }

    private func logIn(to address: BrokerAddress, name: String) throws(LinkFailure) {
        var handshake = timeval(timings.handshake)
        var call = timeval(timings.call)
        try check(amqp_set_handshake_timeout(state, &handshake), "setting a timeout")
        try check(amqp_set_rpc_timeout(state, &call), "setting a timeout")
        // The broker tells of an alarm, of a deleted queue and of a refused message only to those who say that they understand.
        let capabilities = arena.table(
            ["connection.blocked", "consumer_cancel_notify", "basic.nack", "publisher_confirms", "authentication_failure_close"]
                .map { ($0, .flag(true)) })
        var properties = arena.table([("connection_name", arena.text(name)), ("capabilities", .table(capabilities))])
        defer { arena.reset() }
        let login = crabbitmq_login_plain(
            state, address.virtualHost, 1, Int32(Self.frameBytes), Int32(timings.heartbeat), &properties, address.user,
            address.password)
        try check(login, "logging in")
        amqp_channel_open(state, Self.channel)
        try check(amqp_get_rpc_reply(state), "opening a channel")
    }

    // MARK: - End

    /// Closes in good order. Only where no call has failed: librabbitmq crashes or hangs otherwise.
    func close() {
        guard !isOver else { return }
        var limit = timeval(.seconds(2))
        if amqp_set_rpc_timeout(state, &limit) == AMQP_STATUS_OK.rawValue {
            amqp_connection_close(state, AMQP_REPLY_SUCCESS)
        }
        end()
    }

    /// Frees everything without another word to the broker.
    func end() {
        guard !isOver else { return }
        isOver = true
        guardian.forget()
        amqp_destroy_connection(state)
    }

    // MARK: - Outcomes

    func check(_ status: Int32, _ action: String) throws(LinkFailure) {
        guard status == AMQP_STATUS_OK.rawValue else { throw .library(status: status, doing: action) }
    }

    func check(_ reply: amqp_rpc_reply_t, _ action: String) throws(LinkFailure) {
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL: return
        case AMQP_RESPONSE_SERVER_EXCEPTION: throw closing(reply.reply)
        case AMQP_RESPONSE_LIBRARY_EXCEPTION: throw .library(status: reply.library_error, doing: action)
        default: throw .library(status: AMQP_STATUS_CONNECTION_CLOSED.rawValue, doing: action)
        }
    }

    private func closing(_ method: amqp_method_t) -> LinkFailure {
        guard let decoded = method.decoded else { return .violation("a close without a reason") }
        switch method.id {
        case Method.channelClose: return LinkFailure(decoded.load(as: amqp_channel_close_t.self))
        case Method.connectionClose: return LinkFailure(decoded.load(as: amqp_connection_close_t.self))
        default: return .violation("method \(method.id) in place of an answer")
        }
    }

    /// From here to ``rest()`` the watchdog looks on: any call may hang in the socket.
    /// - Parameter byteCount: What is to be sent.
    func hurry(byteCount: Int = 0) {
        guardian.begin(within: timings.publish + .seconds(byteCount / timings.bytesPerSecond))
    }

    func rest() { guardian.end() }
}

/// AMQP 0-9-1 method numbers: class in the upper, method in the lower 16 bits. The C macros hold casts that Swift does not import.
enum Method {
    static let connectionClose: amqp_method_number_t = 0x000A_0032
    static let connectionCloseOK: amqp_method_number_t = 0x000A_0033
    static let connectionBlocked: amqp_method_number_t = 0x000A_003C
    static let connectionUnblocked: amqp_method_number_t = 0x000A_003D
    static let channelFlow: amqp_method_number_t = 0x0014_0014
    static let channelFlowOK: amqp_method_number_t = 0x0014_0015
    static let channelClose: amqp_method_number_t = 0x0014_0028
    static let channelCloseOK: amqp_method_number_t = 0x0014_0029
    static let queueDeclare: amqp_method_number_t = 0x0032_000A
    static let queueDeclareOK: amqp_method_number_t = 0x0032_000B
    static let basicPublish: amqp_method_number_t = 0x003C_0028
    static let basicCancel: amqp_method_number_t = 0x003C_001E
    static let basicCancelOK: amqp_method_number_t = 0x003C_001F
    static let basicReturn: amqp_method_number_t = 0x003C_0032
    static let basicDeliver: amqp_method_number_t = 0x003C_003C
    static let basicAck: amqp_method_number_t = 0x003C_0050
    static let basicNack: amqp_method_number_t = 0x003C_0078
}
