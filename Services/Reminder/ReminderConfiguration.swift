import Broker
import Foundation
import Mail
import Runtime

/// Everything that the reminder is told by its environment.
struct ReminderConfiguration: Sendable {
    let broker: BrokerAddress
    /// The reminder's own folder.
    let data: URL
    let secret: String
    let listen: ListenAddress

    /// Asks for every setting; `Settings.check()` then says at once all that is wrong.
    ///
    /// - `WAYBILL_AMQP_URL`: the broker, `amqp://guest:guest@127.0.0.1:5672/`; also as `WAYBILL_AMQP_URL_FILE`.
    /// - `WAYBILL_AMQP_CA`: PEM file of the authorities to trust for `amqps`; the system's where absent.
    /// - `WAYBILL_DATA`: the reminder's own folder, `.run/data/reminder`.
    /// - `WAYBILL_SECRET`: signs API tokens, at least 32 bytes; also as `WAYBILL_SECRET_FILE`. Required.
    /// - `WAYBILL_LISTEN`: HTTP API, health and metrics, `127.0.0.1:8083`.
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
        data = settings.folder("WAYBILL_DATA", default: ".run/data/reminder")
        secret = settings.secret("WAYBILL_SECRET")
        if !secret.isEmpty, TrackingKeys(secret: secret) == nil {
            settings.complain("WAYBILL_SECRET must have at least 32 bytes in each of its lines.")
        }
        listen = settings.listen("WAYBILL_LISTEN", default: ListenAddress(host: "127.0.0.1", port: 8083))
        try settings.check()
        guard let broker else { throw BrokerError.badAddress(url) }
        self.broker = broker
    }
}
