import MIME
import Mail

/// Sends the links of an HTML text through the tracker and adds the tracking image, byte by byte: only the values of `href` in
/// `<a>`, `<area>` and the VML shapes that are Outlook's buttons (`<v:roundrect>`) change and one image is added. Running it on its
/// own result changes nothing.
struct LinkRewriter {
    /// The tracker's public front, without a trailing slash.
    let publicURL: String

    struct Link: Hashable {
        /// Where the value begins in the text before it was changed, in bytes.
        let offset: Int
        /// The value's bytes as they stood there.
        let original: String
        /// Where the link leads: the value with its character references decoded.
        let target: String
        let tracking: String
    }

    struct Rewritten {
        let html: [UInt8]
        let links: [Link]
        /// Where the image was put into the text before it was changed, in bytes; `nil` where none was.
        let pixelOffset: Int?
    }

    /// Where links and the image have their places in a text.
    struct Places {
        /// The values of links by where they stand, and where those that are to be tracked lead. In the order of the text.
        var links: [(range: Range<Int>, target: String?)] = []
        /// Where the image belongs; `nil` where there is one already.
        var pixel: Int?
    }

    /// - Parameter visit: Sees every tag.
    func places(in html: [UInt8], _ visit: (HTMLScanner.Tag) -> Void = { _ in }) -> Places {
        var scanner = HTMLScanner(html)
        var places = Places()
        var lastBodyEnd: Int?
        var hasPixel = false
        while let tag = scanner.next() {
            visit(tag)
            switch tag.name {
            case "body" where tag.isEnd && !tag.isConditional:
                lastBodyEnd = tag.range.lowerBound
            case "img" where !tag.isEnd:
                hasPixel = hasPixel || value(of: "src", in: tag, html)?.hasPrefix(pixels) == true
            case let name where !tag.isEnd && (name == "a" || name == "area" || name.hasPrefix("v:")):
                guard let range = tag.attributes.first(where: { $0.name == "href" })?.value,
                    value(of: Self.switchName, in: tag, html)?.lowercased() != "off"
                else { continue }
                places.links.append((range, target(of: html[range])))
            default: continue
            }
        }
        if !hasPixel { places.pixel = lastBodyEnd ?? scanner.unfinished ?? html.count }
        return places
    }

    /// The attribute with which a link asks not to be tracked.
    static let switchName = "data-waybill-track"

    /// What the URLs of our images begin with.
    var pixels: String { publicURL + "/o/" }

    /// - Parameters:
    ///   - pixel: The image's URL; `nil` for none.
    ///   - tracked: The URL in place of the n-th tracked link and its target; `nil` leaves the link as it is.
    func rewrite(_ html: [UInt8], pixel: String?, tracked: (Int, String) -> String?) -> Rewritten {
        let places = places(in: html)
        var links: [(range: Range<Int>, link: Link)] = []
        for (range, target) in places.links {
            guard let target, let tracking = tracked(links.count, target) else { continue }
            let link = Link(
                offset: range.lowerBound, original: String(decoding: html[range], as: UTF8.self), target: target, tracking: tracking
            )
            links.append((range, link))
        }

        let pixelOffset = pixel == nil ? nil : places.pixel
        var result: [UInt8] = []
        result.reserveCapacity(html.count + links.count * 256 + 256)
        var copied = 0
        var edits = links.map { (range: $0.range, text: HTMLEntities.escape($0.link.tracking)) }
        if let pixel, let pixelOffset {
            // A link can stand after the last </body> in broken HTML, so the image takes its place among the links.
            let place = edits.firstIndex { $0.range.lowerBound >= pixelOffset } ?? edits.count
            edits.insert((pixelOffset..<pixelOffset, Self.image(pixel)), at: place)
        }
        for edit in edits {
            result += html[copied..<edit.range.lowerBound]
            result += edit.text.utf8
            copied = edit.range.upperBound
        }
        result += html[copied...]
        return Rewritten(html: result, links: links.map(\.link), pixelOffset: pixelOffset)
    }

    static func image(_ url: String) -> String {
        "<img src=\"\(HTMLEntities.escape(url))\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">"
    }

    /// Where a link leads, if it is to be tracked.
    func target(of value: ArraySlice<UInt8>) -> String? {
        guard let decoded = HTMLEntities.decode(value) else { return nil }
        var inner = Array(decoded.utf8)[...]
        while let first = inner.first, HTMLScanner.isSpace(first) { inner.removeFirst() }
        while let last = inner.last, HTMLScanner.isSpace(last) { inner.removeLast() }
        let target = String(decoding: inner, as: UTF8.self)
        guard TrackingKeys.isTrackable(target), !isOurs(target), !Self.isUnsubscribe(target) else { return nil }
        return target
    }

    private func isOurs(_ target: String) -> Bool {
        ["/c/", "/o/", "/u/"].contains { target.hasPrefix(publicURL + $0) }
    }

    /// People who want to leave are not counted on their way out.
    private static func isUnsubscribe(_ target: String) -> Bool {
        let lowered = target.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        return lowered.indices.contains { start in
            leavingWords.contains { $0[0] == lowered[start] && lowered[start...].starts(with: $0) }
        }
    }

    private static let leavingWords = ["unsubscribe", "opt-out", "optout", "opt_out"].map { Array($0.utf8) }

    private func value(of name: String, in tag: HTMLScanner.Tag, _ html: [UInt8]) -> String? {
        tag.attributes.first { $0.name == name }?.value.flatMap { HTMLEntities.decode(html[$0]) }
    }
}
