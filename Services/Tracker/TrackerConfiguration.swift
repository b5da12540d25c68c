import Broker
import Foundation
import Mail
import Runtime

/// Everything that the tracker is told by its environment.
struct TrackerConfiguration: Sendable {
    let broker: BrokerAddress
    /// The tracker's own folder.
    let data: URL
    let secret: String
    let keys: TrackingKeys
    let listen: ListenAddress
    let publicListen: ListenAddress

    /// Reads the environment and reports all that is wrong with it at once.
    ///
    /// - `WAYBILL_AMQP_URL`: the broker, `amqp://guest:guest@127.0.0.1:5672/`; also as `WAYBILL_AMQP_URL_FILE`.
    /// - `WAYBILL_AMQP_CA`: PEM file of the authorities to trust for `amqps`; the system's where absent.
    /// - `WAYBILL_DATA`: the tracker's own folder, `.run/data/tracker`; each process needs one of its own.
    /// - `WAYBILL_SECRET`: verifies API tokens and tracking tokens, at least 32 bytes a line; also as `WAYBILL_SECRET_FILE`. Required.
    /// - `WAYBILL_LISTEN`: console, history API, health and metrics, `127.0.0.1:8081`.
    /// - `WAYBILL_PUBLIC_LISTEN`: the tracking image and links, `127.0.0.1:8080`.
    /// - Throws: `SettingsError` with every complaint.
    init(environment: [String: String]) throws {
        var settings = Settings(environment: environment)
        let url = settings.secretIfPresent("WAYBILL_AMQP_URL") ?? "amqp://guest:guest@127.0.0.1:5672/"
        let authorities = settings.string("WAYBILL_AMQP_CA", default: "")
        var broker: BrokerAddress?
        do {
            broker = try BrokerAddress(url, authorities: authorities.isEmpty ? nil : authorities)
        } catch {
            settings.complain("\(error)")
        }
        data = settings.folder("WAYBILL_DATA", default: ".run/data/tracker")
        secret = settings.secret("WAYBILL_SECRET")
        let keys = TrackingKeys(secret: secret)
        if !secret.isEmpty, keys == nil { settings.complain("WAYBILL_SECRET must have at least 32 bytes in each of its lines.") }
        listen = settings.listen("WAYBILL_LISTEN", default: ListenAddress(host: "127.0.0.1", port: 8081))
        publicListen = settings.listen("WAYBILL_PUBLIC_LISTEN", default: ListenAddress(host: "127.0.0.1", port: 8080))
        try settings.check()
        guard let broker, let keys else { throw BrokerError.badAddress("WAYBILL_AMQP_URL cannot be read.") }
        self.broker = broker
        self.keys = keys
    }
}
