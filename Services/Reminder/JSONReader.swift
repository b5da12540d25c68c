import Mail
import Runtime

/// Takes a JSON document apart and notes every fault with its place.
struct JSONReader {
    private(set) var faults: [Problem.Fault] = []
    /// The most faults that are listed.
    private let most = 100

    mutating func fault(_ pointer: String, _ detail: String) {
        if faults.count < most { faults.append(Problem.Fault(pointer: pointer, detail: detail)) }
    }

    /// The fields of an object that has no others than `names`; `nil` where it is no object.
    mutating func fields(_ tree: JSONTree?, at pointer: String, _ names: [String]) -> [String: JSONTree]? {
        guard case .object(let fields) = tree else {
            fault(pointer, tree == nil ? "It is missing." : "It is an object with the fields \(names.joined(separator: ", ")).")
            return nil
        }
        for name in fields.keys.sorted() where !names.contains(name) {
            let place = name.prefix(100).replacing("~", with: "~0").replacing("/", with: "~1")
            fault("\(pointer)/\(place)", "There is no such field here; the fields are \(names.joined(separator: ", ")).")
        }
        return fields.filter { $0.value != .null }
    }

    mutating func text(_ tree: JSONTree?, at pointer: String) -> String? {
        guard let tree else {
            fault(pointer, "It is missing.")
            return nil
        }
        return optionalText(tree, at: pointer)
    }

    mutating func optionalText(_ tree: JSONTree?, at pointer: String) -> String? {
        switch tree {
        case nil: return nil
        case .text(let text): return text
        default:
            fault(pointer, "It is a text.")
            return nil
        }
    }

    mutating func list(_ tree: JSONTree?, at pointer: String, of range: ClosedRange<Int>) -> [JSONTree] {
        guard case .list(let items) = tree else {
            fault(pointer, tree == nil ? "It is missing." : "It is a list.")
            return []
        }
        guard range.contains(items.count) else {
            fault(pointer, "There are \(items.count); there can be \(range.lowerBound) to \(range.upperBound).")
            return []
        }
        return items
    }

    mutating func whole(_ tree: JSONTree?, at pointer: String, in range: ClosedRange<Int>) -> Int? {
        guard case .number(let number) = tree, let whole = Int(exactly: number), range.contains(whole) else {
            fault(pointer, tree == nil ? "It is missing." : "It is a whole number from \(range.lowerBound) to \(range.upperBound).")
            return nil
        }
        return whole
    }

    mutating func address(_ tree: JSONTree?, at pointer: String) -> EmailAddress? {
        guard let text = text(tree, at: pointer) else { return nil }
        do {
            return try EmailAddress(text)
        } catch {
            fault(pointer, "It is no address: \(error).")
            return nil
        }
    }

    /// Notes what cannot stand in a header field, or has more bytes than `most`.
    mutating func checkHeader(_ text: String?, at pointer: String, upTo most: Int) {
        guard let text else { return }
        if text.utf8.count > most { fault(pointer, "It has \(text.utf8.count) bytes; the most is \(most).") }
        if let stranger = HeaderText.stranger(in: text) {
            fault(pointer, "It holds the control character \(stranger); line ends and control characters cannot stand here.")
        }
    }
}
