import Foundation
import Mail
import Testing

@Suite("Identifiers and times")
struct IdentifierTests {
    @Test("an identifier comes back from its text, its bytes and its JSON")
    func roundTrips() throws {
        var random = Seeded(6)
        for _ in 0..<1000 {
            let id = MailingID(high: random.next(), low: random.next())
            #expect(MailingID(id.description) == id)
            #expect(MailingID(id.description.uppercased()) == id)
            #expect(MailingID(bytes: id.bytes) == id)
            #expect(try Wire.decode([MailingID].self, from: Wire.encode([id])) == [id])
            #expect(UUID(uuidString: id.description)?.uuidString.lowercased() == id.description)
        }
    }

    @Test("a new identifier says when it was made, sorts by it, and bears version 7 and the variant")
    func version7() {
        var random = Seeded(7)
        let early = MailingID.v7(at: Timestamp(microseconds: 1_645_557_742_000_999), random: &random)
        let late = MailingID.v7(at: Timestamp(microseconds: 1_645_557_742_001_000), random: &random)
        #expect(early < late)
        #expect(early.description < late.description)
        // RFC 9562, appendix A.6, has the same moment.
        #expect(early.description.hasPrefix("017f22e2-79b0-7"))
        #expect("89ab".contains(Array(early.description)[19]))
        _ = MailingID.v7(at: Timestamp(microseconds: .min), random: &random)
    }

    @Test("a derived identifier follows from its parts, and from how they are divided")
    func derived() {
        #expect(MailingID.derived(from: "a", "b") == .derived(from: "a", "b"))
        #expect(MailingID.derived(from: "ab", "c") != .derived(from: "a", "bc"))
        #expect(MailingID.derived(from: "a", "") != .derived(from: "a"))
        #expect(Array(MailingID.derived(from: "a").description)[14] == "8")
    }

    @Test(
        "what is no identifier is refused",
        arguments: [
            "", "0192", "01923f6e-7b1a-7c3d-9a4e-0123456789a", "01923f6e-7b1a-7c3d-9a4e-0123456789abc",
            "01923f6e_7b1a-7c3d-9a4e-0123456789ab", "g1923f6e-7b1a-7c3d-9a4e-0123456789ab", "01923f6e7b1a-7c3d-9a4e-0123456789ab-",
            "{1923f6e-7b1a-7c3d-9a4e-0123456789a}", "٠1923f6e-7b1a-7c3d-9a4e-0123456789",
        ])
    func noIdentifier(text: String) {
        #expect(MailingID(text) == nil)
    }

    @Test("a moment comes back from its text, to the microsecond, before 1970 too, and text sorts as time does")
    func moments() {
        var random = Seeded(9)
        var previous: Timestamp?
        let range = Int64(-62_135_596_800_000_000)...253_402_300_799_999_999
        for value in (0..<2000).map({ _ in Int64.random(in: range, using: &random) }).sorted() + [range.upperBound] {
            let time = Timestamp(microseconds: value)
            #expect(Timestamp(time.description) == time)
            if let previous { #expect(previous.description <= time.description) }
            previous = time
        }
        #expect(Timestamp(microseconds: range.lowerBound).description == "0001-01-01T00:00:00.000000Z")
        #expect(Timestamp(microseconds: range.upperBound).description == "9999-12-31T23:59:59.999999Z")
        #expect(Timestamp(microseconds: -1).description == "1969-12-31T23:59:59.999999Z")
    }

    @Test("sums at the ends of time do not trap")
    func saturation() {
        #expect(Timestamp(microseconds: .max) + .seconds(1) == Timestamp(microseconds: .max))
        #expect(Timestamp(microseconds: .min) - .seconds(1) == Timestamp(microseconds: .min))
        #expect(Timestamp(microseconds: 0) + .seconds(Int64.max) == Timestamp(microseconds: .max))
        #expect(Timestamp(microseconds: 0) - .seconds(Int64.max) < Timestamp(microseconds: 0))
        _ = Timestamp(microseconds: .max).description
        _ = Timestamp(microseconds: .min).description
    }

    @Test(
        "RFC 3339 and nothing else",
        arguments: [
            ("2026-12-01T08:00:00Z", true), ("2026-12-01t08:00:00z", true), ("2026-12-01T08:00:00.123456789+05:30", true),
            ("2016-12-31T23:59:60Z", true), ("2026-12-01 08:00:00Z", false), ("2026-12-01T08:00Z", false),
            ("2026-12-01T24:00:00Z", false), ("2026-12-01T08:60:00Z", false), ("2026-02-29T08:00:00Z", false),
            ("2026-12-01T08:00:00", false), ("2026-12-01T08:00:00.Z", false), ("2026-12-01T08:00:00+5:30", false),
            ("2026-12-01T08:00:00+0530", false), ("2026-12-01T08:00:00Z ", false), ("-026-12-01T08:00:00Z", false),
            ("0000-12-01T08:00:00Z", false),
            ("9999-12-31T23:59:59-00:01", false), ("0001-01-01T00:00:00+00:01", false), ("0001-01-01T00:00:00Z", true),
            ("٢٠٢٦-12-01T08:00:00Z", false),
        ])
    func rfc3339(text: String, isTime: Bool) {
        #expect((Timestamp(text) != nil) == isTime)
    }

    @Test("days count without a break over 400 years, leap years and all")
    func days() throws {
        var previous: CivilDate?
        // 400 years, after which the calendar repeats itself.
        for number in Int64(-36_525)...(-36_525 + 146_097) {
            let date = CivilDate(dayNumber: number)
            guard date.dayNumber == number, previous.map({ $0 < date }) ?? true else {
                Issue.record("day \(number) is \(date)")
                return
            }
            previous = date
        }
        #expect(CivilDate(dayNumber: -719_162).description == "0001-01-01")
        #expect(CivilDate(dayNumber: 2_932_896).description == "9999-12-31")
        #expect(CivilDate("2028-02-28")?.adding(days: 1).description == "2028-02-29")
        #expect(CivilDate("2028-02-28")?.adding(days: 2).description == "2028-03-01")
        #expect(CivilDate("2027-01-05")?.adding(days: -7).description == "2026-12-29")
    }

    @Test(
        "a day that does not exist is none",
        arguments: ["2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-1-1", "20261201", "2026-12-1x"])
    func noDay(text: String) {
        #expect(CivilDate(text) == nil)
    }
}
