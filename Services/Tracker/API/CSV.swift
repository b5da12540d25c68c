/// Rows as RFC 4180 has them: CRLF, quotes where needed, quotes within doubled.
enum CSV {
    /// One row, with its line end.
    static func row(_ fields: [String]) -> String {
        fields.map(field).joined(separator: ",") + "\r\n"
    }

    /// One field. What a spreadsheet would take for a formula gets an apostrophe in front (OWASP, "CSV Injection").
    static func field(_ text: String) -> String {
        var text = text.replacing("\0", with: "")
        // Some spreadsheets trim before they look, so the first character that shows is what counts.
        let lead = text.unicodeScalars.first { !$0.properties.isWhitespace }
        if let first = text.unicodeScalars.first, "\t\r\n".unicodeScalars.contains(first) || lead.map(Self.begins) ?? false {
            text = "'" + text
        }
        let needsQuotes = text.utf8.contains {
            [UInt8(ascii: ","), UInt8(ascii: "\""), 0x0D, 0x0A, UInt8(ascii: ";"), 0x09].contains($0)
        }
        return needsQuotes ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }

    /// Also the full-width forms, which spreadsheets take for the same.
    private static func begins(_ scalar: Unicode.Scalar) -> Bool {
        "=+-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains(scalar)
    }
}
