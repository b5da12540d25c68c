import Foundation
import Mail
import Testing

@testable import Runtime

struct LogLineTests {
    private func line(_ message: String, _ fields: [(String, String)] = []) -> LogLine {
        LogLine(time: Timestamp(microseconds: 0), level: "info", service: "sender", message: message, fields: fields)
    }

    @Test("one event is one line of pairs, quoted where they could be misread")
    func text() {
        #expect(
            line("mail sent", [("attempt", "2"), ("reply", "250 ok"), ("empty", "")]).text(.text)
                == "time=1970-01-01T00:00:00.000000Z level=info service=sender message=\"mail sent\" attempt=2 reply=\"250 ok\" empty=\"\"\n"
        )
    }

    @Test("as JSON it is one object, and no field can pose as another")
    func json() throws {
        let text = line("sent", [("level", "fatal"), ("reply", "a\"b\\c")]).text(.json)
        let object = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
        #expect(
            object == [
                "time": "1970-01-01T00:00:00.000000Z", "level": "info", "service": "sender", "message": "sent",
                "field-level": "fatal",
                "reply": "a\"b\\c",
            ])
    }

    @Test(
        "hostile text cannot end the line, move the cursor or turn the reading direction", arguments: [LogLine.Format.text, .json],
        ["\r\nlevel=critical", "\u{1B}[2J", "\u{0}", "\u{7F}", "\u{85}", "\u{2028}", "\u{202E}exe", "\u{9B}31m", "\u{E0001}", "\t"])
    func hostile(format: LogLine.Format, value: String) throws {
        let text = line(value, [("reply", value), (value, "x")]).text(format)
        #expect(text.last == "\n")
        #expect(
            text.unicodeScalars.dropLast().allSatisfy {
                ![.control, .format, .lineSeparator].contains($0.properties.generalCategory)
            })
        if format == .json {
            let object = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
            #expect(object["reply"] == value)
        }
    }
}
