extension String {
    /// The text with everything in sight that would hide, reorder or command: control characters, marks that change the reading
    /// direction and characters without width stand as `\u{202E}`; a line feed becomes a space. For a page, a text file or a terminal.
    /// - Parameter longest: In characters; what is beyond it is counted instead.
    func visible(upTo longest: Int = .max) -> String {
        var shown = ""
        var length = 0
        for scalar in unicodeScalars {
            length += 1
            guard length <= longest else { continue }
            switch scalar {
            case "\n", "\t": shown.unicodeScalars.append(" ")
            case _ where Self.isUnseen(scalar):
                shown += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return length > longest ? "\(shown)… (\(length - longest) characters more)" : shown
    }

    /// Each line made visible, the lines as they are.
    func visibleLines(upTo longest: Int = .max) -> [String] {
        split(separator: "\n", omittingEmptySubsequences: false).map { String($0).visible(upTo: longest) }
    }

    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
        default: false
        }
    }
}
