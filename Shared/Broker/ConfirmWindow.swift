/// The messages that have left and are not confirmed yet, by delivery tag. Tags count from 1 on every channel.
struct ConfirmWindow {
    struct Entry {
        /// `nil` for the probe that finds out whether the broker takes messages at all.
        let outgoing: Outgoing?
        var isReturned = false
    }

    private var entries = FIFO<Entry>()
    private var firstTag: UInt64 = 1
    /// Of messages still waiting; entries that are settled out of order stay until those before them are.
    private(set) var count = 0
    private(set) var byteCount = 0

    mutating func append(_ outgoing: Outgoing?) {
        entries.append(Entry(outgoing: outgoing))
        count += 1
        byteCount += outgoing?.message.body.count ?? 0
    }

    /// Notes that a message found no queue. The oldest that fits is meant: returns come in order.
    mutating func markReturned(_ isMeant: (Outgoing) -> Bool) {
        for index in 0..<entries.count {
            guard let entry = entries[index], !entry.isReturned, let outgoing = entry.outgoing, isMeant(outgoing) else { continue }
            entries[index]?.isReturned = true
            return
        }
    }

    /// - Returns: What the confirm is about: nothing where the tag is not one of ours or was settled before.
    mutating func settle(tag: UInt64, upTo: Bool) -> [Entry] {
        // RabbitMQ writes 0 for "all".
        let last = upTo && tag == 0 ? firstTag &+ UInt64(entries.count) &- 1 : tag
        guard last >= firstTag, last - firstTag < UInt64(entries.count) else { return [] }
        let end = Int(last - firstTag)
        var settled: [Entry] = []
        for index in (upTo ? 0 : end)...end {
            guard let entry = entries[index] else { continue }
            entries[index] = nil
            settled.append(entry)
            count -= 1
            byteCount -= entry.outgoing?.message.body.count ?? 0
        }
        while !entries.isEmpty, entries.isFirstGone {
            entries.popFirst()
            firstTag += 1
        }
        return settled
    }

    /// Begins anew for a new channel.
    /// - Returns: What was never confirmed, in order.
    mutating func reset() -> [Outgoing] {
        defer { self = ConfirmWindow() }
        return entries.removeAll().compactMap(\.outgoing)
    }
}
