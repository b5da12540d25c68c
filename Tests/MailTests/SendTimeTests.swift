import Foundation
import Mail
import Testing

@Suite("Times to send at")
struct SendTimeTests {
    private func moment(of text: String) throws -> Timestamp {
        try SendTime(text).timestamp { name in
            let url = URL(filePath: "/usr/share/zoneinfo/\(name)")
            return FileManager.default.fileExists(atPath: url.path) ? try TimeZoneRules(tzif: Data(contentsOf: url)) : nil
        }
    }

    @Test(
        "a moment, or a local time with its zone",
        arguments: [
            ("2026-12-01T08:00:00Z", "2026-12-01T08:00:00Z"),
            ("2026-12-01T09:00:00+01:00", "2026-12-01T08:00:00Z"),
            ("2026-12-01T09:00:00[Europe/Berlin]", "2026-12-01T08:00:00Z"),
            ("2026-07-01T09:00:00[Europe/Berlin]", "2026-07-01T07:00:00Z"),
            ("2027-03-28T02:30:00[Europe/Berlin]", "2027-03-28T01:30:00Z"),
            ("2026-12-01T09:00:00.25[Asia/Kolkata]", "2026-12-01T03:30:00.25Z"),
        ])
    func read(text: String, expected: String) throws {
        #expect(try moment(of: text) == Timestamp(expected))
    }

    @Test(
        "anything else is refused in words that say what would be right",
        arguments: [
            ("", "2026-12-01T08:00:00Z"), ("tomorrow", "2026-12-01T08:00:00Z"), ("2026-12-01", "2026-12-01T08:00:00Z"),
            ("2026-02-30T09:00:00Z", "2026-12-01T08:00:00Z"), ("2026-12-01T09:00:00", "zone after it"),
            ("2026-12-01T09:00:00[", "zone after it"), ("2026-12-01T09:00:00 Europe/Berlin", "zone after it"),
            ("2026-12-01T09:00:00[]", "named as in"), ("2026-12-01T09:00:00[../../etc/passwd]", "named as in"),
            ("2026-12-01T09:00:00[Europe/Berlni]", "no time zone called Europe/Berlni"),
        ])
    func refused(text: String, because: String) {
        let error = #expect(throws: SendTime.Invalid.self) { try moment(of: text) }
        #expect(error?.description.contains(because) == true)
    }
}
