/// Elements that take turns: taken at the front, put back at the end.
struct Rotation<Element>: Sendable where Element: Sendable {
    private var elements: [Element] = []
    private var front = 0

    var count: Int { elements.count - front }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard front < elements.count else { return nil }
        defer {
            front += 1
            if front > 64, front > elements.count / 2 {
                elements.removeFirst(front)
                front = 0
            }
        }
        return elements[front]
    }
}
