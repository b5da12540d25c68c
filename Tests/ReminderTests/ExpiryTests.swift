import Foundation
import Mail
import Testing

@testable import Reminder

@Suite("When reminders fall due")
struct ExpiryTests {
    @Test(
        "due instants and the expiry follow the zone's clocks over their changes",
        arguments: [
            // Summer time ends on 25 October, between reminder and expiry.
            ("Europe/Berlin", "2026-10-28", 7, "09:00", "2026-10-21T07:00:00Z", "2026-10-28T22:59:00Z"),
            // Summer time begins on 28 March, on the reminder's day: 02:30 is not shown and means 03:30.
            ("Europe/Berlin", "2027-04-04", 7, "02:30", "2027-03-28T01:30:00Z", "2027-04-04T21:59:00Z"),
            // 02:30 is shown twice, and the first is meant.
            ("Europe/Berlin", "2027-11-01", 1, "02:30", "2027-10-31T00:30:00Z", "2027-11-01T22:59:00Z"),
            ("America/New_York", "2026-11-08", 7, "01:30", "2026-11-01T05:30:00Z", "2026-11-09T04:59:00Z"),
            // Across the year and over a leap day.
            ("Asia/Kolkata", "2027-01-03", 7, "09:00", "2026-12-27T03:30:00Z", "2027-01-03T18:29:00Z"),
            ("UTC", "2028-03-01", 1, "00:00", "2028-02-29T00:00:00Z", "2028-03-01T23:59:00Z"),
            // A zone whose rules changed in 2024.
            ("Asia/Almaty", "2026-12-24", 0, "09:00", "2026-12-24T04:00:00Z", "2026-12-24T18:59:00Z"),
            ("Pacific/Kiritimati", "2026-12-24", 3650, "23:59", "2016-12-26T09:59:00Z", "2026-12-24T09:59:00Z"),
        ])
    func instants(zone: String, day: String, days: Int, at: String, due: String, expires: String) throws {
        let document = try Sample.document([
            "timeZone": "\"\(zone)\"", "expiresOn": "\"\(day)\"", "reminders": #"[{"daysBefore":\#(days),"at":"\#(at)"}]"#,
        ])
        let expiry = try Expiry(of: document)
        #expect(expiry.moment == Timestamp(expires))
        #expect(expiry.occurrences(of: document, in: "o", collection: "c").map(\.dueAt) == [Sample.moment(due)])
    }

    @Test(
        "days left are counted as people do, by the zone's days",
        arguments: [
            ("2026-12-17T08:00:00Z", 7), ("2026-12-23T22:59:59Z", 1), ("2026-12-23T23:00:00Z", 0), ("2026-12-24T22:00:00Z", 0),
            ("2026-12-26T08:00:00Z", 0),
        ])
    func daysLeft(now: String, days: Int) throws {
        let zone = try #require(try Expiry.zone("Europe/Berlin"))
        #expect(Expiry.daysLeft(until: "2026-12-24", at: Sample.moment(now), in: zone) == days)
    }

    @Test("a preview says when each reminder would go out, and which are too late")
    func preview() throws {
        let body = Sample.json(["reminders": #"[{"daysBefore":30,"at":"09:00"},{"daysBefore":7,"at":"09:00"}]"#])
        let lines = try Preview.lines(for: body, at: Sample.now)
        try #require(lines.count == 2)
        #expect(lines[0].contains(#""daysBefore":30"#) && lines[0].contains(#""state":"skipped""#))
        #expect(lines[1].contains(#""dueAt":"2026-12-17T08:00:00.000000Z""#) && lines[1].contains(#""state":"planned""#))
        #expect(lines[1].contains(#""expiresAt":"2026-12-24T22:59:00.000000Z""#) && lines[1].contains(#""recipients":2"#))
        #expect(throws: CollectionDocument.Refusal.self) { try Preview.lines(for: Data("{}".utf8), at: Sample.now) }
        #expect(throws: Wire.Unreadable.self) { try Preview.lines(for: Data("{".utf8), at: Sample.now) }
    }
}
