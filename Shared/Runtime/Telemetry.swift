import Foundation
package import Logging
import Metrics
import Synchronization

/// Starts logging and metrics once for the process.
package enum Telemetry {
    /// What `/metrics` shows: everything that this process counts.
    package static let metrics = PrometheusRegistry()

    private static let isStarted = Mutex(false)

    /// Structured logs, one JSON object or `key=value` line each, to standard error; level from `WAYBILL_LOG_LEVEL`.
    ///
    /// A second call only makes another logger.
    /// - Parameter environment: `WAYBILL_LOG_LEVEL` (`trace` to `critical`, default `info`), `WAYBILL_LOG_FORMAT` (`text`, the
    ///   default, or `json`). A value that is none of these counts as the default; ``check(_:)`` complains about it.
    package static func start(service: String, environment: [String: String]) -> Logger {
        let level = environment["WAYBILL_LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0) } ?? .info
        let format = environment["WAYBILL_LOG_FORMAT"].flatMap { LogLine.Format(rawValue: $0) } ?? .text
        isStarted.withLock { isStarted in
            guard !isStarted else { return }
            isStarted = true
            // A closed pipe, be it a peer or whoever collects the logs, is an error to handle and no reason to die.
            signal(SIGPIPE, SIG_IGN)
            LoggingSystem.bootstrap { _ in LineLogHandler(service: service, level: level, format: format) }
            MetricsSystem.bootstrap(metrics)
        }
        return Logger(label: service)
    }

    /// Notes what is wrong with the variables that ``start(service:environment:)`` reads.
    package static func check(_ settings: inout Settings) {
        let level = settings.string("WAYBILL_LOG_LEVEL", default: "info")
        if Logger.Level(rawValue: level) == nil {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            settings.complain("WAYBILL_LOG_LEVEL is \(level.debugDescription). It must be one of \(known).")
        }
        let format = settings.string("WAYBILL_LOG_FORMAT", default: "text")
        if LogLine.Format(rawValue: format) == nil {
            settings.complain("WAYBILL_LOG_FORMAT is \(format.debugDescription). It must be text or json.")
        }
    }
}
