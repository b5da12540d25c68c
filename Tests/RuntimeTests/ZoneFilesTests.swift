import Runtime
import Testing

struct ZoneFilesTests {
    @Test(
        "the zones that people live in are there, links included", arguments: ["Europe/Berlin", "UTC", "Etc/GMT+5", "US/Eastern"])
    func known(name: String) throws {
        let bytes = try ZoneFiles.load(name)
        #expect(bytes.starts(with: Array("TZif".utf8)))
        #expect(bytes.last == UInt8(ascii: "\n"))
    }

    @Test(
        "what is no zone is refused, and nothing outside the zone files is ever read",
        arguments: [
            "", "/etc/passwd", "../../../etc/passwd", "Europe/../../../../etc/passwd", "Europe", "Europe/Atlantis", "tzdata.zi",
            "zone.tab", "Europe/Berlin\u{0}", "Eúrope/Berlin", "Europe/Berlin ", String(repeating: "a", count: 5000), ".", "./UTC",
        ])
    func refused(name: String) {
        #expect(throws: ZoneError.unknown(name)) { try ZoneFiles.load(name) }
    }
}
