import Foundation
import Support
import Testing

@testable import Tracker

@Suite struct CSVTests {
    @Test(
        "what a spreadsheet would take for a formula is text",
        arguments: [
            ("=1+1", "'=1+1"), ("+49 30", "'+49 30"), ("-2", "'-2"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "\"'\t=1\""),
            ("\r\n=1", "\"'\r\n=1\""), ("  =1", "'  =1"), ("＝1", "'＝1"), ("plain", "plain"), ("a,b", "\"a,b\""), ("", ""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""), ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("a=b", "a=b"), ("two\nlines", "\"two\nlines\""), ("x;y", "\"x;y\""),
        ])
    func field(text: String, expected: String) {
        #expect(CSV.field(text) == expected)
    }

    @Test("Python's csv module reads back what was written")
    func roundTrip() async throws {
        let rows = [
            ["plain", "two\nlines", "a \"quoted\" word", "", "comma, semi; tab\t."],
            ["日本の写真", "مرحبا", "e\u{301}\r\nx", "\"", "''"],
        ]
        let script =
            "import csv,json,sys,io; print(json.dumps(list(csv.reader(io.TextIOWrapper(sys.stdin.buffer, 'utf-8', newline='')))))"
        let process = try ChildProcess("/usr/bin/python3", ["-c", script], isFed: true, output: .kept)
        try process.input?.write(contentsOf: Data(rows.map(CSV.row).joined().utf8))
        try process.input?.close()
        let answer = try await process.finish().output
        #expect(try JSONDecoder().decode([[String]].self, from: answer) == rows)
    }
}
