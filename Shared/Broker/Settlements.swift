/// Which deliveries of a channel are settled, and how to say so in few words: `multiple` may only be used where nothing
/// before is still open.
struct Settlements {
    enum Outcome: Sendable {
        case ack
        case requeue
    }

    enum Order: Hashable {
        case ack(tag: UInt64, multiple: Bool)
        case requeue(tag: UInt64)
    }

    private enum Entry {
        case open
        case acked
        /// Settled, and the broker knows.
        case told
    }

    private var entries = FIFO<Entry>()
    private var firstTag: UInt64 = 1
    private(set) var openCount = 0
    /// Settled since ``takeOrders()`` was called.
    var untoldCount: Int { acked.count + orders.count }
    private var acked: [UInt64] = []
    private var orders: [Order] = []

    /// Notes a delivery. Tags count from 1 without gaps.
    /// - Returns: Whether the tag is the one that was due.
    mutating func open(_ tag: UInt64) -> Bool {
        guard tag == firstTag + UInt64(entries.count) else { return false }
        entries.append(.open)
        openCount += 1
        return true
    }

    /// Settling twice is settling once.
    mutating func settle(_ tag: UInt64, _ outcome: Outcome) {
        guard tag >= firstTag, tag - firstTag < UInt64(entries.count), case .open? = entries[Int(tag - firstTag)] else { return }
        openCount -= 1
        switch outcome {
        case .ack:
            entries[Int(tag - firstTag)] = .acked
            acked.append(tag)
        case .requeue:
            entries[Int(tag - firstTag)] = .told
            orders.append(.requeue(tag: tag))
        }
    }

    /// Notes that the broker was told of a delivery in another way.
    mutating func close(_ tag: UInt64) {
        guard tag >= firstTag, tag - firstTag < UInt64(entries.count), case .open? = entries[Int(tag - firstTag)] else { return }
        openCount -= 1
        entries[Int(tag - firstTag)] = .told
    }

    /// What to tell the broker, since the last time.
    mutating func takeOrders() -> [Order] {
        var last: UInt64?
        var count = 0
        while !entries.isEmpty, let entry = entries[0] {
            if case .open = entry { break }
            if case .acked = entry {
                last = firstTag
                count += 1
            }
            entries.popFirst()
            firstTag += 1
        }
        if let last { orders.append(.ack(tag: last, multiple: count > 1)) }
        for tag in acked where tag >= firstTag {
            entries[Int(tag - firstTag)] = .told
            orders.append(.ack(tag: tag, multiple: false))
        }
        acked.removeAll(keepingCapacity: true)
        defer { orders.removeAll(keepingCapacity: true) }
        return orders
    }
}
