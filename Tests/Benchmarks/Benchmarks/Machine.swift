import Foundation

/// What the figures were measured on.
struct Machine: Encodable {
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let model: String
    let memoryMB = Int(ProcessInfo.processInfo.physicalMemory / 1_048_576)
    let system = ProcessInfo.processInfo.operatingSystemVersionString
    /// The processes that waited for a processor over the last minute: what else the machine did.
    let load: Double

    init() throws {
        let lines = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8).split(separator: "\n")
        model =
            lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
            ?? "unknown"
        load = try String(contentsOfFile: "/proc/loadavg", encoding: .utf8).split(separator: " ").first.flatMap { Double($0) } ?? 0
    }
}
