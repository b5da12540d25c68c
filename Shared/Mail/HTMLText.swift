/// Text that is to stand in HTML.
package enum HTMLText {
    /// Appends `text` so that it means itself, as text and in an attribute value in quotes of either kind.
    package static func escape(_ text: String, into html: inout [UInt8]) {
        // Mostly there is nothing to escape.
        guard text.utf8.contains(where: isSpecial) else { return html += text.utf8 }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): html += "&amp;".utf8
            case UInt8(ascii: "<"): html += "&lt;".utf8
            case UInt8(ascii: ">"): html += "&gt;".utf8
            case UInt8(ascii: "\""): html += "&quot;".utf8
            case UInt8(ascii: "'"): html += "&#39;".utf8
            default: html.append(byte)
            }
        }
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "&") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "\"")
            || byte == UInt8(ascii: "'")
    }
}
