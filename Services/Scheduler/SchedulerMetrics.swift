import Logging
import Mail
import Metrics
import Runtime
import ServiceLifecycle

/// The figures that the scheduler shows at `/metrics`.
enum SchedulerMetrics {
    static let granted = Counter(label: "waybill_claims_total", dimensions: [("outcome", "granted")])
    static let refused = Counter(label: "waybill_claims_total", dimensions: [("outcome", "refused")])
    static let mailingsAccepted = Counter(label: "waybill_mailings_total", dimensions: [("outcome", "accepted")])
    static let mailingsRefused = Counter(label: "waybill_mailings_total", dimensions: [("outcome", "refused")])

    /// Counts the deliveries under way every 15 seconds: `waybill_deliveries{state}`.
    struct Reporter: Service {
        let ledger: Ledger
        let logger: Logger

        func run() async throws {
            let states = DeliveryState.allCases.filter { !Delivery.overStates.contains($0) }
            let gauges = states.map { ($0, Gauge(label: "waybill_deliveries", dimensions: [("state", $0.rawValue)])) }
            await cancelWhenGracefulShutdown {
                while !Task.isCancelled {
                    do {
                        let counts = try await ledger.countUnderWay()
                        for (state, gauge) in gauges { gauge.record(counts[state] ?? 0) }
                        try await ledger.time.sleep(.seconds(15))
                    } catch is CancellationError {
                        return
                    } catch {
                        logger.warning("Deliveries could not be counted", metadata: ["error": "\(error)"])
                        await Retry.pause(ledger.time)
                    }
                }
            }
        }
    }
}
