import Metrics
import Testing

@testable import Runtime

struct PrometheusTests {
    @Test("counters, gauges and timers come out in Prometheus' text format")
    func format() {
        let registry = PrometheusRegistry()
        Counter(label: "waybill_attempts", dimensions: [("outcome", "delivered")], factory: registry).increment(by: 3)
        Counter(label: "waybill_attempts_total", dimensions: [("outcome", "delivered")], factory: registry).increment()
        Counter(label: "waybill_attempts_total", dimensions: [("outcome", "boun\"ce\\d\n")], factory: registry).increment()
        Gauge(label: "waybill.tickets-ready", factory: registry).record(2.5)
        Timer(label: "waybill_attempt", factory: registry).recordMilliseconds(20)
        Timer(label: "waybill_attempt_seconds", factory: registry).recordSeconds(1000)
        #expect(
            registry.text() == """
                # TYPE waybill_attempt_seconds histogram
                waybill_attempt_seconds_bucket{le="0.001"} 0
                waybill_attempt_seconds_bucket{le="0.0025"} 0
                waybill_attempt_seconds_bucket{le="0.005"} 0
                waybill_attempt_seconds_bucket{le="0.01"} 0
                waybill_attempt_seconds_bucket{le="0.025"} 1
                waybill_attempt_seconds_bucket{le="0.05"} 1
                waybill_attempt_seconds_bucket{le="0.1"} 1
                waybill_attempt_seconds_bucket{le="0.25"} 1
                waybill_attempt_seconds_bucket{le="0.5"} 1
                waybill_attempt_seconds_bucket{le="1"} 1
                waybill_attempt_seconds_bucket{le="2.5"} 1
                waybill_attempt_seconds_bucket{le="5"} 1
                waybill_attempt_seconds_bucket{le="10"} 1
                waybill_attempt_seconds_bucket{le="30"} 1
                waybill_attempt_seconds_bucket{le="60"} 1
                waybill_attempt_seconds_bucket{le="300"} 1
                waybill_attempt_seconds_bucket{le="+Inf"} 2
                waybill_attempt_seconds_sum 1000.02
                waybill_attempt_seconds_count 2
                # TYPE waybill_attempts_total counter
                waybill_attempts_total{outcome="boun\\"ce\\\\d\\n"} 1
                waybill_attempts_total{outcome="delivered"} 4
                # TYPE waybill_tickets_ready gauge
                waybill_tickets_ready 2.5

                """)
    }

    @Test("labels from a hostile source cannot fill the memory")
    func cardinality() {
        let registry = PrometheusRegistry()
        for number in 0..<1000 { Counter(label: "c", dimensions: [("who", "\(number)")], factory: registry).increment() }
        let lines = registry.text().split(separator: "\n").filter { $0.hasPrefix("c_total{") }
        #expect(lines.count == PrometheusRegistry.mostSeries + 1)
        #expect(lines.contains("c_total{who=\"other\"} 800"))
    }

    @Test("a name that is taken by another kind is not shown twice")
    func clash() {
        let registry = PrometheusRegistry()
        Counter(label: "x_total", factory: registry).increment()
        Gauge(label: "x_total", factory: registry).record(7)
        #expect(registry.text() == "# TYPE x_total counter\nx_total 1\n")
    }

    @Test("the process tells its memory, time and descriptors")
    func process() {
        let text = ProcessFigures.text()
        for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds"] {
            #expect(text.contains("\n\(name) "))
        }
    }
}
