import CGMime

/// What reading and writing share of the C library: its start, and the casts between its types.
///
/// GMime keeps no state between messages, so any number of them may be read and written at once; an object never leaves the
/// function that made it.
enum GMime {
    /// Touch before anything else of the library.
    static let started: Void = g_mime_init()

    /// What the C macros `GMIME_OBJECT(x)` and their like do.
    static func cast<From, To>(_ object: UnsafeMutablePointer<From>, to type: To.Type) -> UnsafeMutablePointer<To> {
        UnsafeMutableRawPointer(object).assumingMemoryBound(to: type)
    }

    static func release<Object>(_ object: UnsafeMutablePointer<Object>?) {
        if let object { g_object_unref(object) }
    }

    /// Takes over a string that the library made for us.
    static func take(_ text: UnsafeMutablePointer<CChar>?) -> String? {
        guard let text else { return nil }
        defer { g_free(text) }
        return String(cString: text)
    }

    /// Everything that was written to a memory stream.
    static func bytes(of stream: UnsafeMutablePointer<GMimeStream>) -> [UInt8] {
        guard let array = g_mime_stream_mem_get_byte_array(cast(stream, to: GMimeStreamMem.self)), let data = array.pointee.data
        else {
            return []
        }
        return Array(UnsafeBufferPointer(start: data, count: Int(array.pointee.len)))
    }
}
