/// What a connection is doing, for `/readyz` and metrics.
package enum ConnectionStatus: Hashable, Sendable {
    case connected
    /// The broker has stopped taking messages (memory or disk alarm), with its reason.
    case blocked(String)
    case disconnected(String)

    /// What is missing, in words for `/readyz`; `nil` when all is well.
    package var trouble: String? {
        switch self {
        case .connected: nil
        case .blocked(let reason): "The broker takes no messages just now: \(reason)"
        case .disconnected(let reason): "There is no connection to the broker: \(reason)"
        }
    }
}
