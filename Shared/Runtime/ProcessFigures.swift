import Foundation

/// What the system knows about this process, under the names that Prometheus' own libraries use.
enum ProcessFigures {
    static func text() -> String {
        var text = ""
        func add(_ name: String, _ kind: String, _ value: Double) {
            text += "# TYPE \(name) \(kind)\n\(name) \(PrometheusRegistry.text(value))\n"
        }
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let micro = Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
            add("process_cpu_seconds_total", "counter", Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + micro)
        }
        if let pages = resident() {
            add("process_resident_memory_bytes", "gauge", Double(pages) * Double(sysconf(Int32(_SC_PAGESIZE))))
        }
        if let folder = opendir("/proc/self/fd") {
            defer { closedir(folder) }
            var count = -3  // "." and ".." and the one that reads this
            while readdir(folder) != nil { count += 1 }
            add("process_open_fds", "gauge", Double(count))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            add("process_max_fds", "gauge", Double(limit.rlim_cur))
        }
        return text
    }

    /// Pages in memory: the second number of `/proc/self/statm`.
    private static func resident() -> Int? {
        guard let data = FileManager.default.contents(atPath: "/proc/self/statm") else { return nil }
        let numbers = String(decoding: data, as: UTF8.self).split(separator: " ")
        return numbers.count > 1 ? Int(numbers[1]) : nil
    }
}
