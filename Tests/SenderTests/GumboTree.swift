import CGumbo

/// What another HTML parser makes of a text: its tree in document order, so that two texts can be compared by what they mean.
struct GumboTree {
    enum Event: Hashable {
        case open(name: String, attributes: [String: String])
        case close
        case text(String)
        case comment(String)
    }

    private(set) var events: [Event] = []

    init(_ html: [UInt8]) {
        html.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                var options = kGumboDefaultOptions
                guard let output = gumbo_parse_with_options(&options, text.baseAddress, text.count) else { return }
                if let document = output.pointee.document { walk(document) }
                gumbo_destroy_output(&options, output)
            }
        }
    }

    /// Without recursion: broken HTML nests deeply.
    private mutating func walk(_ document: UnsafeMutablePointer<GumboNode>) {
        var left: [UnsafeMutablePointer<GumboNode>?] = Self.children(of: document.pointee.v.document.children).reversed()
        while let next = left.popLast() {
            guard let node = next else {
                events.append(.close)
                continue
            }
            switch node.pointee.type {
            case GUMBO_NODE_ELEMENT, GUMBO_NODE_TEMPLATE:
                let element = node.pointee.v.element
                events.append(.open(name: Self.name(of: element), attributes: Self.attributes(of: element)))
                left.append(nil)
                left += Self.children(of: element.children).reversed()
            case GUMBO_NODE_COMMENT: events.append(.comment(String(cString: node.pointee.v.text.text)))
            default: events.append(.text(String(cString: node.pointee.v.text.text)))
            }
        }
    }

    private static func children(of vector: GumboVector) -> [UnsafeMutablePointer<GumboNode>?] {
        (0..<Int(vector.length)).map { vector.data[$0]?.assumingMemoryBound(to: GumboNode.self) }
    }

    private static func name(of element: GumboElement) -> String {
        guard element.tag == GUMBO_TAG_UNKNOWN else { return String(cString: gumbo_normalized_tagname(element.tag)) }
        var original = element.original_tag
        gumbo_tag_from_original_text(&original)
        guard let start = original.data else { return "" }
        let bytes = UnsafeRawBufferPointer(start: start, count: original.length)
        return String(decoding: bytes, as: UTF8.self).lowercased()
    }

    private static func attributes(of element: GumboElement) -> [String: String] {
        var result: [String: String] = [:]
        for index in 0..<Int(element.attributes.length) {
            guard let attribute = element.attributes.data[index]?.assumingMemoryBound(to: GumboAttribute.self) else { continue }
            result[String(cString: attribute.pointee.name)] = String(cString: attribute.pointee.value)
        }
        return result
    }
}
