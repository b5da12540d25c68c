import Metrics

/// What the connections of a process are for: part of their names, and the label of their metrics.
enum LinkUse: String, CaseIterable, Sendable {
    case publish, consume, ask, answer

    func countConnect() { Self.connects[self]?.increment() }
    /// A connection that was lost or could not be made.
    func countFailure() { Self.failures[self]?.increment() }

    /// 1 connected, 0.5 blocked by an alarm, 0 disconnected.
    func gauge(_ status: ConnectionStatus) {
        switch status {
        case .connected: Self.states[self]?.record(1)
        case .blocked: Self.states[self]?.record(0.5)
        case .disconnected: Self.states[self]?.record(0)
        }
    }

    private static let connects = counters("waybill_broker_connects_total")
    private static let failures = counters("waybill_broker_failures_total")
    private static let states = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, Gauge(label: "waybill_broker_connected", dimensions: [("role", $0.rawValue)])) })

    private static func counters(_ label: String) -> [LinkUse: Counter] {
        Dictionary(uniqueKeysWithValues: allCases.map { ($0, Counter(label: label, dimensions: [("role", $0.rawValue)])) })
    }
}
