import Runtime

/// Everything that the reminder is told by its environment.
struct ReminderConfiguration: ServiceConfiguration {
    let common: CommonSettings
    let listen: ListenAddress

    /// - `WAYBILL_LISTEN`: HTTP API, health and metrics, `127.0.0.1:8083`.
    /// - Throws: `SettingsError` with every complaint.
    init(_ settings: inout Settings) throws {
        listen = settings.listen("WAYBILL_LISTEN", default: ListenAddress(host: "127.0.0.1", port: 8083))
        common = try CommonSettings(of: "reminder", &settings)
    }
}
