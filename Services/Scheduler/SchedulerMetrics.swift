import Logging
import Mail
import Metrics
import Runtime
import ServiceLifecycle
import Synchronization

/// The figures that the scheduler shows at `/metrics`.
enum SchedulerMetrics {
    static let granted = Counter(label: "waybill_claims_total", dimensions: [("outcome", "granted")])
    static let refused = Counter(label: "waybill_claims_total", dimensions: [("outcome", "refused")])
    static let mailingsAccepted = Counter(label: "waybill_mailings_total", dimensions: [("outcome", "accepted")])
    static let mailingsRefused = Counter(label: "waybill_mailings_total", dimensions: [("outcome", "refused")])

    /// Every 15 seconds the deliveries under way, `waybill_deliveries{state}`; the tickets that are out, `waybill_tickets_out`; and
    /// how many lanes (mail of one organization to one domain) wait because of a limit, `waybill_lanes_held{by}`.
    struct Reporter: Service {
        let ledger: Ledger
        let logger: Logger

        func run() async throws {
            let states = DeliveryState.allCases.filter { !$0.isOver }
            let gauges = states.map { ($0, Gauge(label: "waybill_deliveries", dimensions: [("state", $0.rawValue)])) }
            let holds = Traffic.HoldReason.allCases.map {
                ($0, Gauge(label: "waybill_lanes_held", dimensions: [("by", $0.rawValue)]))
            }
            let tickets = Gauge(label: "waybill_tickets_out")
            await cancelWhenGracefulShutdown {
                while !Task.isCancelled {
                    do {
                        let counts = try await ledger.countUnderWay()
                        for (state, gauge) in gauges { gauge.record(counts[state] ?? 0) }
                        let (out, held) = ledger.traffic.withLock { ($0.ticketCount, $0.holds) }
                        tickets.record(out)
                        for (reason, gauge) in holds { gauge.record(held[reason] ?? 0) }
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
