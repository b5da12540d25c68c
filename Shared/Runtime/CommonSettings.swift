package import Broker
package import Foundation
package import Mail

/// What every service is told by its environment.
package struct CommonSettings: Sendable {
    package let broker: BrokerAddress
    /// The service's own folder.
    package let data: URL
    package let secret: String
    /// Of ``secret``.
    package let keys: TrackingKeys

    /// Asks for what is common, then says at once all that is wrong, so it comes after the service's own questions.
    ///
    /// - `WAYBILL_AMQP_URL`: the broker, `amqp://guest:guest@127.0.0.1:5672/`; also as `WAYBILL_AMQP_URL_FILE`.
    /// - `WAYBILL_AMQP_CA`: PEM file of the authorities to trust for `amqps`; the system's where absent.
    /// - `WAYBILL_DATA`: the service's own folder, `.run/data/<service>`.
    /// - `WAYBILL_SECRET`: signs API tokens and tracking links, at least 32 bytes a line; also as `WAYBILL_SECRET_FILE`. Required.
    /// - Throws: ``SettingsError`` with every complaint.
    package init(of service: String, _ settings: inout Settings) throws {
        let url = settings.secret("WAYBILL_AMQP_URL", default: "amqp://guest:guest@127.0.0.1:5672/")
        let authorities = settings.stringIfPresent("WAYBILL_AMQP_CA")
        var broker: BrokerAddress?
        do {
            broker = try BrokerAddress(url, authorities: authorities)
        } catch {
            settings.complain("\(error)")
        }
        data = Self.data(of: service, &settings)
        secret = settings.secret("WAYBILL_SECRET")
        let keys = TrackingKeys(secret: secret)
        if !secret.isEmpty, keys == nil { settings.complain("WAYBILL_SECRET must have at least 32 bytes in each of its lines.") }
        guard let broker, let keys else { throw SettingsError(complaints: settings.complaints) }
        try settings.check()
        self.broker = broker
        self.keys = keys
    }

    /// The service's own folder.
    package static func data(of service: String, _ settings: inout Settings) -> URL {
        settings.folder("WAYBILL_DATA", default: ".run/data/\(service)")
    }
}
