import CoreMetrics
import Synchronization

/// How often values of each size came.
final class PrometheusHistogram: TimerHandler, RecorderHandler, Sendable {
    /// Upper bounds for durations, in seconds.
    static let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
    /// Upper bounds for sizes and numbers of things.
    static let counts: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000, 1_000_000]

    private struct Tally {
        var counts: [Int]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let tally: Mutex<Tally>

    init(bounds: [Double]) {
        self.bounds = bounds
        self.tally = Mutex(Tally(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        tally.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func text(name: String, labels: String) -> String {
        let tally = tally.withLock { $0 }
        let lead = labels.isEmpty ? "" : labels + ","
        var text = ""
        var running = 0
        for (bound, count) in zip(bounds + [.infinity], tally.counts) {
            running += count
            text += "\(name)_bucket{\(lead)le=\"\(PrometheusRegistry.text(bound))\"} \(running)\n"
        }
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        return text + "\(name)_sum\(braces) \(PrometheusRegistry.text(tally.sum))\n\(name)_count\(braces) \(running)\n"
    }
}
