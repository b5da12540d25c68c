/// Limits on everything that a client can draw out or pile up.
package struct WebLimits: Sendable {
    /// From opening, or from the last answer, until the next request's head is complete; and the longest pause in a body.
    package var idle: Duration
    /// From a request's head to the first byte of its answer, the body's way here included.
    package var request: Duration
    /// The longest that a client may read nothing of what is waiting for it.
    package var stall: Duration
    /// All header fields together, in bytes.
    package var headerBytes: Int
    package var headerFields: Int
    /// Connections at once. Further ones wait in the system's queue.
    package var connections: Int
    /// How long requests in hand may go on once the server is to stop.
    package var drain: Duration

    package init(
        idle: Duration = .seconds(30), request: Duration = .seconds(120), stall: Duration = .seconds(60),
        headerBytes: Int = 32 * 1024, headerFields: Int = 100, connections: Int = 4096, drain: Duration = .seconds(10)
    ) {
        self.idle = idle
        self.request = request
        self.stall = stall
        self.headerBytes = headerBytes
        self.headerFields = headerFields
        self.connections = connections
        self.drain = drain
    }
}
