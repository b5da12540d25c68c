import Foundation
import Support

/// The processor time that processes have used, from `/proc`.
struct ProcessorTime {
    /// In seconds.
    private(set) var seconds: [String: Double] = [:]

    /// - Parameter processes: Each with those of its children that have ended and been waited for.
    static func read(_ processes: [String: pid_t]) throws -> ProcessorTime {
        var time = ProcessorTime()
        for (name, id) in processes { time.seconds[name] = try read(id) }
        return time
    }

    /// Of a process, its children, and whoever of them has ended.
    static func readFamily(of parent: pid_t) throws -> Double {
        var sum = try read(parent)
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let id = pid_t(name), let fields = fields(of: id), Int32(fields[1]) == parent else { continue }
            sum += fields[11...12].compactMap { Double($0) }.reduce(0, +) / ticks
        }
        return sum
    }

    private static func read(_ id: pid_t) throws -> Double {
        guard let fields = fields(of: id) else { throw Trouble("Process \(id) is not there.") }
        return fields[11...14].compactMap { Double($0) }.reduce(0, +) / ticks
    }

    /// The fields after the name, from the state on.
    private static func fields(of id: pid_t) -> [Substring]? {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8), let end = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[text.index(end, offsetBy: 2)...].split(separator: " ")
        return fields.count > 14 ? fields : nil
    }

    private static let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))

    /// Microseconds for each of `count` mails, since `earlier`.
    func perMail(since earlier: ProcessorTime, count: Int) -> [String: Int] {
        var result: [String: Int] = [:]
        for (name, seconds) in seconds {
            result[name] = Int(((seconds - (earlier.seconds[name] ?? 0)) * 1e6 / Double(count)).rounded())
        }
        return result
    }
}
