package import Mail

/// Markup that may go to a browser.
///
/// A literal stands as it is written; every text that is interpolated into one is escaped for both text and quoted attributes.
/// Only another `HTML` goes in as it is, so nothing from outside becomes markup by being forgotten.
package struct HTML: ExpressibleByStringInterpolation, Sendable {
    package private(set) var markup: String

    package init(stringLiteral value: String) { markup = value }
    package init(stringInterpolation: Interpolation) { markup = stringInterpolation.markup }

    package struct Interpolation: StringInterpolationProtocol {
        fileprivate var markup = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            markup.reserveCapacity(literalCapacity + interpolationCount * 24)
        }

        package mutating func appendLiteral(_ literal: String) { markup += literal }
        package mutating func appendInterpolation(_ text: String) { HTML.escape(text, into: &markup) }
        package mutating func appendInterpolation(_ number: Int) { markup += String(number) }
        package mutating func appendInterpolation<Subject>(_ id: ID<Subject>) { markup += id.description }
        package mutating func appendInterpolation(_ html: HTML) { markup += html.markup }
        package mutating func appendInterpolation(_ html: HTML?) { if let html { markup += html.markup } }
        package mutating func appendInterpolation(_ parts: [HTML]) { for part in parts { markup += part.markup } }
    }

    package static func + (one: HTML, other: HTML) -> HTML { "\(one)\(other)" }

    /// A text that someone else wrote, kept from changing the reading direction of what stands around it.
    package static func foreign(_ text: String) -> HTML { "<bdi>\(text)</bdi>" }

    /// Escapes what has a meaning in HTML; control characters become U+FFFD, since HTML forbids them.
    private static func escape(_ text: String, into markup: inout String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": markup += "&amp;"
            case "<": markup += "&lt;"
            case ">": markup += "&gt;"
            case "\"": markup += "&quot;"
            case "'": markup += "&#39;"
            case "\t", "\n": markup.unicodeScalars.append(scalar)
            case "\r": break
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}": markup += "\u{FFFD}"
            default: markup.unicodeScalars.append(scalar)
            }
        }
    }
}
