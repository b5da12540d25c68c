/// A queue whose first element goes in constant time.
struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var count: Int { elements.count - head }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func prepend(_ front: [Element]) {
        elements.replaceSubrange(0..<head, with: front)
        head = 0
    }

    /// Whether the first element has been set to `nil`.
    var isFirstGone: Bool { !isEmpty && elements[head] == nil }

    @discardableResult
    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head >= 1024, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    /// - Parameter index: From the first element, which must exist.
    subscript(index: Int) -> Element? {
        get { elements[head + index] }
        set { elements[head + index] = newValue }
    }

    mutating func keep(where isKept: (Element) -> Bool) {
        elements = elements[head...].filter { $0.map(isKept) ?? false }
        head = 0
    }

    func contains(where isWanted: (Element) -> Bool) -> Bool {
        elements[head...].contains { $0.map(isWanted) ?? false }
    }

    mutating func removeAll() -> [Element] {
        defer {
            elements = []
            head = 0
        }
        return elements[head...].compactMap { $0 }
    }
}
