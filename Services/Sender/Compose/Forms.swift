import Synchronization

/// What was worked out for recipients who are alike, kept for those who follow.
final class Forms<Key: Hashable & Sendable, Form: Sendable>: Sendable {
    private let made = Mutex<[Key: Form]>([:])
    /// The most kept. A template with many sections makes many forms of itself, and what is not kept is made again.
    private static var capacity: Int { 4 }

    func form(for key: Key, make: () -> Form) -> Form {
        if let known = made.withLock({ $0[key] }) { return known }
        let form = make()
        made.withLock { made in
            if made.count < Self.capacity { made[key] = form }
        }
        return form
    }
}
