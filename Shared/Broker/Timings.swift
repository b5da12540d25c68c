/// How long a connection waits for what. Tests choose shorter ones.
struct Timings: Sendable {
    /// In seconds, as agreed with the broker; a peer silent for twice as long is taken for dead.
    var heartbeat = 10
    var connect: Duration = .seconds(5)
    var handshake: Duration = .seconds(10)
    /// For one question to the broker, such as a declare.
    var call: Duration = .seconds(10)
    /// For what is sent to leave this machine, besides what a large message needs at ``bytesPerSecond``. Longer means that the broker
    /// has stopped reading.
    var publish: Duration = .seconds(15)
    /// The slowest network that is good enough.
    var bytesPerSecond = 1_000_000
    /// For what is under way when the service is to stop.
    var drain: Duration = .seconds(20)
    /// How long facts wait for others of their kind.
    var linger: Duration = .milliseconds(10)
    /// The longest wait between two tries to connect. Two waits and a refused try fit within the five seconds in which everything
    /// must be running again once the broker is back; with 30 s, which is usual, a broker's restart would stop mail for half a minute.
    var reconnect: Duration = .seconds(4)
    /// How long a nacked message waits for its next try.
    var retry: Duration = .milliseconds(200)
}
