import Mail
import Runtime
import Support
import Testing

@testable import Scheduler

@Suite("The scheduler's configuration")
struct SchedulerConfigurationTests {
    @Test("says all that is wrong at once")
    func allAtOnce() {
        var settings = Settings(environment: [
            "WAYBILL_AMQP_URL": "http://nowhere", "WAYBILL_SECRET": "short", "WAYBILL_MAX_RECIPIENTS": "0", "WAYBILL_LISTEN": "x",
            "WAYBILL_DATA": "/proc/nowhere", "WAYBILL_RETRY_FIRST": "soon",
        ])
        let error = #expect(throws: SettingsError.self) { try SchedulerConfiguration(&settings) }
        #expect(error?.complaints.count == 6, "\(String(describing: error))")
    }

    @Test("needs a secret and nothing else; the limits are those of the documentation")
    func defaults() throws {
        let folder = try TemporaryFolder()
        var settings = Settings(environment: ["WAYBILL_SECRET": String(repeating: "s", count: 32), "WAYBILL_DATA": folder.path])
        let configuration = try SchedulerConfiguration(&settings)
        #expect(configuration.limits.recipients == 150)
        #expect(configuration.limits.bodyBytes == 26_214_400)
        #expect(configuration.rules == WorkRules())
        #expect(configuration.rules.retry == RetrySchedule())
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 8082))
    }
}
