import Runtime

/// Everything that the tracker is told by its environment. Each of its processes needs a folder of its own.
struct TrackerConfiguration: ServiceConfiguration {
    let common: CommonSettings
    let listen: ListenAddress
    let publicListen: ListenAddress

    /// - `WAYBILL_LISTEN`: console, history API, health and metrics, `127.0.0.1:8081`.
    /// - `WAYBILL_PUBLIC_LISTEN`: the tracking image, links and unsubscribing, `127.0.0.1:8080`.
    /// - Throws: `SettingsError` with every complaint.
    init(_ settings: inout Settings) throws {
        listen = settings.listen("WAYBILL_LISTEN", default: ListenAddress(host: "127.0.0.1", port: 8081))
        publicListen = settings.listen("WAYBILL_PUBLIC_LISTEN", default: ListenAddress(host: "127.0.0.1", port: 8080))
        common = try CommonSettings(of: "tracker", &settings)
    }
}
