/// What a connection is doing, for `/readyz` and metrics.
package enum ConnectionStatus: Hashable, Sendable {
    case connected
    /// The broker has stopped taking messages (memory or disk alarm), with its reason.
    case blocked(String)
    case disconnected(String)
}
