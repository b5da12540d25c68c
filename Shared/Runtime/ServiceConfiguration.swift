/// Everything that a service is told by its environment.
package protocol ServiceConfiguration: Sendable {
    /// Asks for the service's own settings, and for those of all services last, with ``CommonSettings``.
    /// - Throws: ``SettingsError`` with every complaint.
    init(_ settings: inout Settings) throws
}

extension ServiceConfiguration {
    /// With the settings of the logs, which every service has.
    static func asked(of settings: inout Settings) throws -> Self {
        Telemetry.check(&settings)
        return try Self(&settings)
    }
}
