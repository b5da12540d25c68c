import Broker
import Foundation
import Mail
import Runtime

/// Everything that the scheduler is told by its environment.
struct SchedulerConfiguration: Sendable {
    let broker: BrokerAddress
    /// The scheduler's own folder.
    let data: URL
    let secret: String
    let listen: ListenAddress
    let limits: AdmissionLimits
    let rules: WorkRules
    /// How long a pending delivery may wait with an empty tickets queue before its ticket counts as lost.
    let ticketAge: Duration

    /// Asks for every setting; `Settings.check()` then says at once all that is wrong.
    ///
    /// - `WAYBILL_AMQP_URL`: the broker, `amqp://guest:guest@127.0.0.1:5672/`; also as `WAYBILL_AMQP_URL_FILE`.
    /// - `WAYBILL_AMQP_CA`: PEM file of the authorities to trust for `amqps`; the system's where absent.
    /// - `WAYBILL_DATA`: the scheduler's own folder, `.run/data/scheduler`.
    /// - `WAYBILL_SECRET`: signs API tokens, at least 32 bytes; also as `WAYBILL_SECRET_FILE`. Required.
    /// - `WAYBILL_LISTEN`: HTTP API, health and metrics, `127.0.0.1:8082`.
    /// - `WAYBILL_MAX_RECIPIENTS`: the most recipients of one mailing, 150.
    /// - `WAYBILL_MAX_BODY_BYTES`: the largest request body, 26,214,400 (25 MiB). Attachments may take three quarters of it.
    /// - `WAYBILL_CLAIM_GRACE`: seconds that a sender has to report, once another one has met its claim, 900.
    /// - `WAYBILL_CLAIM_LIMIT`: seconds after which a claim that nobody reports on is uncertain in any case, 21,600 (6 h).
    /// - `WAYBILL_RETRY_FIRST`: seconds before the first retry, 60; doubled after each.
    /// - `WAYBILL_RETRY_CEILING`: the longest wait between retries in seconds, 14,400 (4 h).
    /// - `WAYBILL_RETRY_LIFETIME`: seconds after the first deferral at which a delivery is given up, 259,200 (72 h).
    /// - `WAYBILL_TICKET_AGE`: seconds after which an unanswered ticket is issued again when the queue is empty, 30.
    /// - Throws: `SettingsError` with every complaint.
    init(_ settings: inout Settings) throws {
        let url = settings.secretIfPresent("WAYBILL_AMQP_URL") ?? "amqp://guest:guest@127.0.0.1:5672/"
        let authorities = settings.string("WAYBILL_AMQP_CA", default: "")
        var broker: BrokerAddress?
        do {
            broker = try BrokerAddress(url, authorities: authorities.isEmpty ? nil : authorities)
        } catch {
            settings.complain("\(error)")
        }
        data = settings.folder("WAYBILL_DATA", default: ".run/data/scheduler")
        secret = settings.secret("WAYBILL_SECRET")
        if !secret.isEmpty, TrackingKeys(secret: secret) == nil {
            settings.complain("WAYBILL_SECRET must have at least 32 bytes in each of its lines.")
        }
        listen = settings.listen("WAYBILL_LISTEN", default: ListenAddress(host: "127.0.0.1", port: 8082))
        let bodyBytes = settings.int("WAYBILL_MAX_BODY_BYTES", default: 25 << 20, in: 1024...(32 << 20))
        limits = AdmissionLimits(
            recipients: settings.int("WAYBILL_MAX_RECIPIENTS", default: 150, in: 1...10_000), bodyBytes: bodyBytes)
        rules = WorkRules(
            retry: RetrySchedule(
                first: settings.seconds("WAYBILL_RETRY_FIRST", default: .seconds(60), in: 1...86_400),
                ceiling: settings.seconds("WAYBILL_RETRY_CEILING", default: .seconds(14_400), in: 1...86_400),
                lifetime: settings.seconds("WAYBILL_RETRY_LIFETIME", default: .seconds(259_200), in: 1...2_592_000)),
            claimGrace: settings.seconds("WAYBILL_CLAIM_GRACE", default: .seconds(900), in: 1...86_400),
            claimLimit: settings.seconds("WAYBILL_CLAIM_LIMIT", default: .seconds(21_600), in: 1...604_800))
        ticketAge = settings.seconds("WAYBILL_TICKET_AGE", default: .seconds(30), in: 1...86_400)
        try settings.check()
        guard let broker else { throw BrokerError.badAddress(url) }
        self.broker = broker
    }
}
