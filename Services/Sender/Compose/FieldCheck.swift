import MIME

/// Whether fields stand where no escaped value can change which tags there are: in text, or within the quotes of an attribute's value.
///
/// An escaped value holds no `<`, `>` or quote, so it opens and closes nothing by itself. Anything that is not known to be harmless counts
/// as not so; that costs time, and no more.
struct FieldCheck {
    private let html: [UInt8]
    private let fields: ArraySlice<Int>
    private let pixels: [UInt8]
    private var next: Int
    private var isFast: Bool
    /// Where the text begins in which the next field may stand.
    private var textStart = 0
    private var wasConditional = false

    /// - Parameters:
    ///   - html: Without its fields.
    ///   - fields: Where they stand in it, in order.
    ///   - pixels: What the URLs of our images begin with.
    init(_ html: [UInt8], fields: [Int], pixels: [UInt8]) {
        self.html = html
        self.fields = fields[...]
        self.pixels = pixels
        next = 0
        // What ends CDATA, and whether anything does, may depend on a value.
        isFast = fields.isEmpty || !Self.hasCDATA(html)
    }

    /// Takes the next tag.
    mutating func pass(_ tag: HTMLScanner.Tag) {
        checkText(upTo: tag.range.lowerBound, isConditional: tag.isConditional)
        while next < fields.count, fields[next] < tag.range.upperBound {
            if !isHarmless(fields[next], in: tag) { isFast = false }
            next += 1
        }
        textStart = tag.range.upperBound
        wasConditional = tag.isConditional
    }

    /// To be asked after the last tag.
    mutating func areAllFast() -> Bool {
        checkText(upTo: html.count, isConditional: false)
        return isFast
    }

    /// After a `<` there may be a comment, or a tag might begin.
    private mutating func checkText(upTo end: Int, isConditional: Bool) {
        while next < fields.count, fields[next] <= end {
            let before = html[min(textStart, fields[next])..<fields[next]]
            if before.contains(UInt8(ascii: "<")) { isFast = false }
            if (isConditional || wasConditional) && couldEndComment(at: fields[next]) { isFast = false }
            next += 1
        }
    }

    private func isHarmless(_ field: Int, in tag: HTMLScanner.Tag) -> Bool {
        guard
            let (name, range) = tag.attributes.lazy.compactMap({ attribute in attribute.value.map { (attribute.name, $0) } })
                .first(where: { $0.1.lowerBound <= field && field <= $0.1.upperBound }),
            range.lowerBound > 0, [UInt8(ascii: "\""), UInt8(ascii: "'")].contains(html[range.lowerBound - 1]),
            name != LinkRewriter.switchName, !(tag.isConditional && couldEndComment(at: field))
        else { return false }
        guard name == "src", tag.name == "img" else { return true }
        let before = html[range.lowerBound..<field]
        return !before.contains(UInt8(ascii: "&")) && !pixels.starts(with: before) && !before.starts(with: pixels)
    }

    /// Whether a value that ends with hyphens would end a comment here.
    private func couldEndComment(at field: Int) -> Bool {
        field < html.count && [UInt8(ascii: ">"), UInt8(ascii: "-"), UInt8(ascii: "!")].contains(html[field])
    }

    private static func hasCDATA(_ html: [UInt8]) -> Bool {
        var rest = html[...]
        while let open = rest.firstIndex(of: UInt8(ascii: "<")) {
            rest = rest[(open + 1)...]
            if rest.starts(with: "![".utf8), rest.dropFirst(2).prefix(5).map({ $0 | 0x20 }) == Array("cdata".utf8) { return true }
        }
        return false
    }
}
