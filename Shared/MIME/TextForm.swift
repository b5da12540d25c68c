/// A text with holes, which are filled in for each recipient. What stands between them is prepared once.
package struct TextForm: Sendable {
    package enum Piece: Sendable {
        case text(ArraySlice<UInt8>)
        /// The number is for whoever fills it in.
        case hole(Int)
    }

    private enum Part: Sendable {
        case lines(PreparedLines)
        /// A piece of a line that has a hole.
        case text(ArraySlice<UInt8>)
        case hole(Int)
    }

    private var parts: [Part] = []

    package init(_ pieces: [Piece]) {
        var isAtLineStart = true
        for piece in pieces {
            guard case .text(var text) = piece else {
                if case .hole(let hole) = piece { parts.append(.hole(hole)) }
                isAtLineStart = false
                continue
            }
            if !isAtLineStart {
                let end = text.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
                parts.append(.text(text[..<(end ?? text.endIndex)]))
                isAtLineStart = end != nil
                text = text[(end ?? text.endIndex)...]
            }
            guard isAtLineStart, !text.isEmpty else { continue }
            let rest = text.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? text.startIndex
            if rest > text.startIndex { parts.append(.lines(PreparedLines(text[..<rest]))) }
            if rest < text.endIndex {
                parts.append(.text(text[rest...]))
                isAtLineStart = false
            }
        }
    }

    /// The text for one recipient.
    /// - Parameter fill: Adds what belongs into a hole. It is asked for each in turn.
    package func filled(_ fill: (Int, inout [UInt8]) -> Void) -> BodyText {
        BodyText { body in
            var next = 0
            while next < parts.count {
                if case .lines(let lines) = parts[next] {
                    body.append(lines)
                    next += 1
                    continue
                }
                body.append { text in
                    while next < parts.count {
                        switch parts[next] {
                        case .lines: return
                        case .text(let bytes): text += bytes
                        case .hole(let hole): fill(hole, &text)
                        }
                        next += 1
                    }
                }
            }
        }
    }
}
