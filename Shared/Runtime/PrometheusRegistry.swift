package import CoreMetrics
import Synchronization

/// What this process counts, in Prometheus' text format 0.0.4.
///
/// Counters end in `_total`, timers become histograms in seconds that end in `_seconds`. Each name keeps at most
/// ``mostSeries`` sets of labels; what comes after them is counted under the label value `other`.
package final class PrometheusRegistry: MetricsFactory, Sendable {
    static let mostSeries = 200

    private enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    private enum Instrument {
        case number(PrometheusNumber)
        case histogram(PrometheusHistogram)
    }

    private struct Family {
        let kind: Kind
        var series: [String: Instrument] = [:]
    }

    private let families = Mutex<[String: Family]>([:])

    package init() {}

    /// The whole exposition.
    package func text() -> String {
        let families = families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, instrument) in family.series.sorted(by: { $0.key < $1.key }) {
                switch instrument {
                case .number(let number): text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.text(number.value))\n"
                case .histogram(let histogram): text += histogram.text(name: name, labels: labels)
                }
            }
        }
        return text
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        number(.counter, label, suffix: "_total", dimensions)
    }

    package func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        number(.counter, label, suffix: "_total", dimensions)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        number(.gauge, label, suffix: "", dimensions)
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate
            ? histogram(label, suffix: "", dimensions, bounds: PrometheusHistogram.counts)
            : number(.gauge, label, suffix: "", dimensions)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, suffix: "_seconds", dimensions, bounds: PrometheusHistogram.seconds)
    }

    // Series stay for the life of the process, as Prometheus wants of counters.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private func number(_ kind: Kind, _ label: String, suffix: String, _ dimensions: [(String, String)]) -> PrometheusNumber {
        let found = instrument(kind, label, suffix: suffix, dimensions) { .number(PrometheusNumber()) }
        if case .number(let number) = found { return number }
        return PrometheusNumber()
    }

    private func histogram(
        _ label: String, suffix: String, _ dimensions: [(String, String)], bounds: [Double]
    ) -> PrometheusHistogram {
        let found = instrument(.histogram, label, suffix: suffix, dimensions) { .histogram(PrometheusHistogram(bounds: bounds)) }
        if case .histogram(let histogram) = found { return histogram }
        return PrometheusHistogram(bounds: bounds)
    }

    /// The instrument of this name and these labels; `nil` where the name is taken by another kind, which is then not shown.
    private func instrument(
        _ kind: Kind, _ label: String, suffix: String, _ dimensions: [(String, String)], make: () -> Instrument
    ) -> Instrument? {
        let base = Self.name(label)
        let name = base.hasSuffix(suffix) ? base : base + suffix
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind)
            guard family.kind == kind else { return nil }
            var labels = Self.labels(dimensions)
            if family.series[labels] == nil, family.series.count >= Self.mostSeries {
                labels = Self.labels(dimensions.map { ($0.0, "other") })
            }
            if let known = family.series[labels] { return known }
            let made = make()
            family.series[labels] = made
            families[name] = family
            return made
        }
    }

    private static func name(_ label: String) -> String {
        let name = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
        return name.first.map(\.isNumber) ?? true ? "_" + name : name
    }

    private static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.sorted { $0.0 < $1.0 }.map { key, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(name(key))=\"\(escaped)\""
        }.joined(separator: ",")
    }

    /// As Go and Prometheus write numbers: whole ones without a fraction.
    static func text(_ value: Double) -> String {
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }
}
