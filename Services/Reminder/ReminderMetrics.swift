import Metrics

/// The figures that the reminder shows at `/metrics`.
enum ReminderMetrics {
    private static let planned = Gauge(label: "waybill_reminders_planned")

    private static let counters = Dictionary(
        uniqueKeysWithValues: Plan.Change.Kind.allCases.map { kind in
            (kind, Counter(label: "waybill_reminders_total", dimensions: [("outcome", kind.rawValue)]))
        })

    /// Reminders that wait for their time.
    static func note(planned count: Int) { planned.record(count) }

    static func count(_ kind: Plan.Change.Kind) { counters[kind]?.increment() }
}
