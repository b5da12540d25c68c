import CRabbitMQ
import Glibc

/// Memory for the texts and tables of one C call, used again for the next.
final class Arena {
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 * 1024, alignment: 16)
    private var used = 0
    private var overflow: [UnsafeMutableRawPointer] = []

    deinit {
        reset()
        chunk.deallocate()
    }

    /// Makes everything handed out so far invalid.
    func reset() {
        used = 0
        overflow.forEach { $0.deallocate() }
        overflow.removeAll()
    }

    func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
        let aligned = (used + 15) & ~15
        guard let base = chunk.baseAddress, aligned + byteCount <= chunk.count else {
            let extra = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
            overflow.append(extra)
            return extra
        }
        used = aligned + byteCount
        return base + aligned
    }

    func bytes(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { source in
            guard let base = source.baseAddress, !source.isEmpty else { return amqp_empty_bytes }
            let copy = allocate(byteCount: source.count)
            copy.copyMemory(from: base, byteCount: source.count)
            return amqp_bytes_t(len: source.count, bytes: copy)
        }
    }

    func table(_ entries: [(name: String, value: amqp_field_value_t)]) -> amqp_table_t {
        let stride = MemoryLayout<amqp_table_entry_t>.stride
        let memory = allocate(byteCount: max(1, entries.count) * stride).bindMemory(
            to: amqp_table_entry_t.self, capacity: entries.count)
        for (index, entry) in entries.enumerated() {
            (memory + index).initialize(to: amqp_table_entry_t(key: bytes(entry.name), value: entry.value))
        }
        return amqp_table_t(num_entries: Int32(entries.count), entries: memory)
    }

    func text(_ text: String) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        field.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
        field.value.bytes = bytes(text)
        return field
    }
}

extension amqp_field_value_t {
    static func number(_ value: Int64) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        field.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
        field.value.i64 = value
        return field
    }

    static func flag(_ value: Bool) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        field.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
        field.value.boolean = value ? 1 : 0
        return field
    }

    static func table(_ table: amqp_table_t) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        field.kind = UInt8(AMQP_FIELD_KIND_TABLE.rawValue)
        field.value.table = table
        return field
    }
}

extension String {
    /// Copies; bytes that are not UTF-8 become U+FFFD.
    init(_ bytes: amqp_bytes_t) {
        self.init(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }
}

extension timeval {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
