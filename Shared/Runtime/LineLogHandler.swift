import Foundation
import Logging
import Mail

/// Writes each event as one line to standard error, in one piece.
struct LineLogHandler: LogHandler {
    let service: String
    let format: LogLine.Format
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(service: String, level: Logger.Level, format: LogLine.Format) {
        self.service = service
        self.format = format
        self.logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata
        if let more = event.metadata { fields.merge(more) { $1 } }
        if let error = event.error { fields["error"] = "\(error)" }
        let line = LogLine(
            time: Timestamp(Date()), level: event.level.rawValue, service: service, message: event.message.description,
            fields: fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) })
        Self.write(line.text(format))
    }

    /// A line that cannot be written (disk full, nobody reads) is lost rather than stall the service.
    private static func write(_ line: String) {
        var bytes = Array(line.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
