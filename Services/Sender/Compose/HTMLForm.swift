import MIME
import Mail

/// An HTML text whose tags were found once for all its recipients: what is left for each is to fill in values and sign links.
struct HTMLForm: Sendable {
    private enum Hole: Sendable {
        case field(MergeTemplate.Field)
        case link(Link)
        case pixel
    }

    private struct Link: Sendable {
        /// As it stands there.
        var value: [MergeTemplate.Part]
        /// Where it leads; `nil` where that depends on the recipient.
        var target: String?
    }

    private let rewriter: LinkRewriter
    private let form: TextForm
    private let holes: [Hole]

    /// - Parameter track: What is tracked.
    /// - Returns: `nil` where values could change which tags there are, so that these have to be looked for once the values are in it:
    ///   where a field is not escaped, or stands in a comment, in a tag outside of a quoted value or where it could begin or end one.
    init?(_ parts: [MergeTemplate.Part], track: Tracking, publicURL: String) {
        let rewriter = LinkRewriter(publicURL: publicURL)
        var skeleton: [UInt8] = []
        var fields: [(offset: Int, field: MergeTemplate.Field)] = []
        for part in parts {
            switch part {
            case .text(let bytes): skeleton += bytes
            case .field(let field): fields.append((skeleton.count, field))
            }
        }
        var places = LinkRewriter.Places()
        if track.opens || track.clicks {
            var check = FieldCheck(skeleton, fields: fields.map(\.offset), pixels: Array(rewriter.pixels.utf8))
            guard fields.allSatisfy(\.field.isEscaped) else { return nil }
            places = rewriter.places(in: skeleton) { check.pass($0) }
            guard check.areAllFast() else { return nil }
        }
        var builder = Builder(skeleton: skeleton, fields: fields)
        if !track.clicks { places.links = [] }
        var pixel = track.opens ? places.pixel : nil
        for (range, target) in places.links {
            if let place = pixel, range.lowerBound >= place {
                builder.addPixel(at: place)
                pixel = nil
            }
            builder.addLink(range, target: target)
        }
        if let pixel { builder.addPixel(at: pixel) }
        builder.copy(to: skeleton.count)
        self.rewriter = rewriter
        form = TextForm(builder.pieces)
        holes = builder.holes
    }

    /// The HTML of one recipient.
    func filled(_ values: [String: String], _ links: TrackingLinks) -> BodyText {
        var number = 0
        return form.filled { hole, html in
            switch holes[hole] {
            case .field(let field): field.append(values, html: true, to: &html)
            case .pixel:
                if let pixel = links.pixel { html += LinkRewriter.image(pixel).utf8 }
            case .link(let link):
                let start = html.count
                for part in link.value { part.append(values, html: true, to: &html) }
                guard let target = link.target ?? rewriter.target(of: html[start...]), let url = links.click(number, target) else {
                    return
                }
                html.removeSubrange(start...)
                HTMLText.escape(url, into: &html)
                number += 1
            }
        }
    }

    /// Cuts the text at its fields, links and the image.
    private struct Builder {
        let skeleton: [UInt8]
        let fields: [(offset: Int, field: MergeTemplate.Field)]
        private(set) var pieces: [TextForm.Piece] = []
        private(set) var holes: [Hole] = []
        private var copied = 0
        private var nextField = 0

        init(skeleton: [UInt8], fields: [(offset: Int, field: MergeTemplate.Field)]) {
            self.skeleton = skeleton
            self.fields = fields
        }

        /// Takes what stands before `end`, with the fields up to there.
        mutating func copy(to end: Int) { add(parts(to: end)) }

        mutating func addPixel(at place: Int) {
            copy(to: place)
            add(.pixel)
        }

        mutating func addLink(_ range: Range<Int>, target: String?) {
            // A field at the very beginning of the value belongs to it.
            add(parts(to: range.lowerBound, withFieldsThere: false))
            let value = parts(to: range.upperBound)
            let isFixed = !value.contains { if case .field = $0 { true } else { false } }
            if isFixed, target == nil {
                pieces.append(.text(skeleton[range]))
            } else {
                add(.link(Link(value: value, target: isFixed ? target : nil)))
            }
        }

        private mutating func add(_ parts: [MergeTemplate.Part]) {
            for part in parts {
                switch part {
                case .text(let bytes): pieces.append(.text(bytes))
                case .field(let field): add(.field(field))
                }
            }
        }

        private mutating func add(_ hole: Hole) {
            pieces.append(.hole(holes.count))
            holes.append(hole)
        }

        private mutating func parts(to end: Int, withFieldsThere: Bool = true) -> [MergeTemplate.Part] {
            var parts: [MergeTemplate.Part] = []
            while nextField < fields.count, fields[nextField].offset < end || (withFieldsThere && fields[nextField].offset == end) {
                if copied < fields[nextField].offset { parts.append(.text(skeleton[copied..<fields[nextField].offset])) }
                copied = max(copied, fields[nextField].offset)
                parts.append(.field(fields[nextField].field))
                nextField += 1
            }
            if copied < end { parts.append(.text(skeleton[copied..<end])) }
            copied = max(copied, end)
            return parts
        }
    }
}
