import Mail

/// One event as text: no character of it can end the line, move the cursor or turn the reading direction.
struct LogLine {
    enum Format: String {
        case text
        case json
    }

    let time: Timestamp
    let level: String
    let service: String
    let message: String
    /// In the order of writing.
    let fields: [(key: String, value: String)]

    /// The line with its line feed.
    func text(_ format: Format) -> String {
        let head = [("time", time.description), ("level", level), ("service", service)]
        switch format {
        case .text:
            let pairs = head + [("message", message)] + fields.map { ($0.key, $0.value) }
            return pairs.map { "\(Self.bare($0.0))=\(Self.bare($0.1))" }.joined(separator: " ") + "\n"
        case .json:
            let pairs =
                head + [("message", message)]
                + fields.map { (Self.reserved.contains($0.key) ? "field-" + $0.key : $0.key, $0.value) }
            return "{" + pairs.map { "\(Self.quoted($0.0)):\(Self.quoted($0.1))" }.joined(separator: ",") + "}\n"
        }
    }

    private static let reserved: Set<String> = ["time", "level", "service", "message"]

    /// As it is where nothing in it could be misread, else quoted.
    private static func bare(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\\")
            }
        return isPlain ? text : quoted(text)
    }

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        result.reserveCapacity(text.utf8.count + 2)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if isHarmful(scalar) {
                    for unit in String(scalar).utf16 {
                        let digits = String(unit, radix: 16)
                        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                    }
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }
}
