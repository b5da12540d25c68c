import Foundation
import Mail
import Testing

@Suite("Time zones")
struct TimeZoneRulesTests {
    static func zone(_ name: String) throws -> TimeZoneRules {
        try TimeZoneRules(tzif: Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/\(name)")))
    }

    /// Northern and southern summers, gaps of half an hour, changes at midnight, a day that never was, rules before 1970,
    /// Ireland's winter time, Morocco's Ramadan, and zones whose rules changed in recent years.
    static let zones = [
        "Europe/Berlin", "Europe/Dublin", "Europe/Lisbon", "Europe/London", "Europe/Kyiv", "Europe/Istanbul", "Africa/Casablanca",
        "Africa/Cairo", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Santiago", "America/Mexico_City",
        "America/Asuncion", "America/Nuuk", "America/Havana", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Asia/Gaza",
        "Asia/Beirut", "Asia/Amman", "Asia/Almaty", "Asia/Tokyo", "Asia/Pyongyang", "Australia/Lord_Howe", "Australia/Sydney",
        "Pacific/Apia", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Kiritimati", "Antarctica/Troll", "Etc/GMT+12", "UTC",
    ]

    @Test("offsets are those that Python's zoneinfo gives, from 1900 to 2399", arguments: zones)
    func offsets(name: String) throws {
        // Each line: seconds since 1970, offset. Steps of 61 hours through recent decades and of 30 days elsewhere, and every
        // second around each change between 1970 and 2060.
        let lines = try Python.run(
            """
            import sys, zoneinfo, datetime as d
            utc = d.timezone.utc
            zone = zoneinfo.ZoneInfo(sys.argv[1])
            def off(s):
                return int((d.datetime(1970, 1, 1, tzinfo=utc) + d.timedelta(seconds=s)).astimezone(zone).utcoffset().total_seconds())
            times = set(range(-2208988800, 13500000000, 86400 * 30)) | set(range(0, 2840140800, 3600 * 61))
            steps = sorted(times)
            for a, b in zip(steps, steps[1:]):
                if 0 <= a < 2840140800 and off(a) != off(b):
                    while b - a > 1:
                        m = (a + b) // 2
                        if off(m) == off(a): a = m
                        else: b = m
                    times |= {a, b}
            for s in sorted(times): print(s, off(s))
            """, name)
        let zone = try Self.zone(name)
        #expect(lines.count > 5000)
        let wrong = lines.filter { line in zone.offset(at: Timestamp(microseconds: line[0] * 1_000_000)) != Int(line[1]) }
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    }

    @Test("local times become the moments that Python's zoneinfo gives, the first of two and past a gap", arguments: zones)
    func moments(name: String) throws {
        // Each line: the wall clock as if it were UTC, and the moment. `fold=0` is the first of two; in a gap it is the offset before.
        let lines = try Python.run(
            """
            import sys, zoneinfo, datetime as d
            utc = d.timezone.utc
            zone = zoneinfo.ZoneInfo(sys.argv[1])
            start = d.datetime(1995, 1, 1)
            walls = [start + d.timedelta(minutes=37 * n) for n in range(0, 640000, 97)]
            walls += [d.datetime(y, 2, 29, 23, 59, 59) for y in range(1972, 2100, 4)]
            previous = None
            for w in walls:
                o = w.replace(tzinfo=zone).utcoffset()
                if previous is not None and o != previous[1] and w > previous[0] and w.year % 3 == 0:
                    for m in range(int((w - previous[0]).total_seconds() // 900) + 20):
                        x = previous[0] - d.timedelta(hours=2) + d.timedelta(minutes=15 * m)
                        print(int((x - d.datetime(1970, 1, 1)).total_seconds()), int(x.replace(tzinfo=zone).timestamp()))
                previous = (w, o)
                print(int((w - d.datetime(1970, 1, 1)).total_seconds()), int(w.replace(tzinfo=zone).timestamp()))
            """, name)
        let zone = try Self.zone(name)
        #expect(lines.count > 6000)
        let wrong = lines.filter { line in
            let local = CivilTime(date: CivilDate(dayNumber: line[0] / 86_400), secondOfDay: Int(line[0] % 86_400))
            return zone.timestamp(of: local) != Timestamp(microseconds: line[1] * 1_000_000)
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(lines.count): \(wrong.prefix(5))")
    }

    @Test(
        "the clocks' changes of a known year",
        arguments: [
            // A summer begins: 02:30 is not shown and means 03:30.
            ("Europe/Berlin", "2027-03-28T02:30:00", "2027-03-28T01:30:00Z"),
            ("America/New_York", "2027-03-14T02:30:00", "2027-03-14T07:30:00Z"),
            // A summer ends: 02:30 is shown twice and the first is meant.
            ("Europe/Berlin", "2027-10-31T02:30:00", "2027-10-31T00:30:00Z"),
            ("America/New_York", "2027-11-07T01:30:00", "2027-11-07T05:30:00Z"),
            // Half an hour only, in the south.
            ("Australia/Lord_Howe", "2027-10-03T02:15:00", "2027-10-02T15:45:00Z"),
            // The gap is at midnight.
            ("Asia/Beirut", "2027-03-28T00:30:00", "2027-03-27T22:30:00Z"),
            // A whole day that never was.
            ("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00Z"),
            // Kazakhstan moved to one zone in 2024, Paraguay to permanent summer in the same year.
            ("Asia/Almaty", "2027-01-01T12:00:00", "2027-01-01T07:00:00Z"),
            ("America/Asuncion", "2027-07-01T12:00:00", "2027-07-01T15:00:00Z"),
            // A leap day.
            ("Europe/Berlin", "2028-02-29T23:59:59", "2028-02-29T22:59:59Z"),
            // Far ahead, by the rule in the footer.
            ("Europe/Berlin", "9999-07-01T12:00:00", "9999-07-01T10:00:00Z"),
        ])
    func known(name: String, local: String, moment: String) throws {
        let time = try #require(CivilTime.read(local)).0
        #expect(try Self.zone(name).timestamp(of: time) == Timestamp(moment))
    }

    @Test("microseconds are kept")
    func microseconds() throws {
        let time = try #require(CivilTime.read("2026-12-01T09:00:00.123456")).0
        #expect(try Self.zone("Europe/Berlin").timestamp(of: time) == Timestamp("2026-12-01T08:00:00.123456Z"))
    }

    @Test("every zone of this machine can be read")
    func everyZone() throws {
        let files = try #require(FileManager.default.enumerator(atPath: "/usr/share/zoneinfo")).compactMap { $0 as? String }
        var count = 0
        for name in files where name.contains("/") && !name.hasPrefix("right/") && TimeZoneRules.isName(name) {
            let url = URL(filePath: "/usr/share/zoneinfo/\(name)")
            guard (try? url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true else { continue }
            #expect(throws: Never.self, "\(name)") { try TimeZoneRules(tzif: Data(contentsOf: url)) }
            count += 1
        }
        #expect(count > 200)
    }

    @Test("bytes that are no zone are refused and never trap")
    func hostile() throws {
        #expect(throws: TimeZoneRules.Unreadable.self) { try TimeZoneRules(tzif: []) }
        #expect(throws: TimeZoneRules.Unreadable.self) { try TimeZoneRules(tzif: "TZif2".utf8) }
        #expect(throws: TimeZoneRules.Unreadable.self) { try TimeZoneRules(tzif: Data(repeating: 0xFF, count: 5000)) }
        let whole = Array(try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
        for length in 0..<whole.count {
            #expect(throws: TimeZoneRules.Unreadable.self) { try TimeZoneRules(tzif: whole[..<length]) }
        }
        var random = Seeded(1)
        let asked = [Int64.min, -1, 0, 1_700_000_000_000_000, .max].map(Timestamp.init(microseconds:))
        var read = 0
        for _ in 0..<4000 {
            var bytes = whole
            for _ in 0...Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let zone = try? TimeZoneRules(tzif: bytes) else { continue }
            read += 1
            for time in asked { #expect((-90_000...94_000).contains(zone.offset(at: time))) }
            for year in [1, 1969, 2026, 9999] {
                let date = try #require(CivilDate(year: year, month: 3, day: 28))
                _ = zone.timestamp(of: CivilTime(date: date, secondOfDay: 7200))
            }
        }
        #expect(read > 100)
    }

    @Test(
        "a zone's name is safe as a path",
        arguments: [
            ("Europe/Berlin", true), ("America/Argentina/Buenos_Aires", true), ("Etc/GMT+12", true), ("UTC", true), ("", false),
            ("/etc/passwd", false), ("../../etc/passwd", false), ("Europe/../../etc", false), ("Europe/", false),
            ("a/b/c/d", false),
            ("Europe/Ber lin", false), ("Europe\u{0}", false), ("+01:00", false), (".", false), ("Zürich", false),
        ])
    func names(text: String, isName: Bool) {
        #expect(TimeZoneRules.isName(text) == isName)
    }
}
