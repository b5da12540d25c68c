import NIOCore

/// The bytes of a message that are still to be written.
///
/// Its last part stays here until the message is released and then leaves in one write with the dot: nothing that reaches the wire before
/// can complete the message, and a small message costs one packet.
struct OutgoingMessage {
    private static let largestPiece = 128 * 1024
    private static let heldBack = 16 * 1024

    private var wire: ByteBuffer
    /// With its stuffed dots, in bytes.
    let size: Int
    /// Whether the message may be completed.
    var isReleased = false
    /// Whether a piece is on its way.
    var isWriting = false

    /// - Parameter wire: With the dot.
    init(_ wire: ByteBuffer = ByteBuffer()) {
        self.wire = wire
        size = max(0, wire.readableBytes - SMTPMessage.end.utf8CodeUnitCount)
    }

    /// The next bytes that may leave before the message is released; `nil` if there are none.
    mutating func nextPiece() -> ByteBuffer? {
        let free = wire.readableBytes - Self.heldBack
        return free > 0 ? wire.readSlice(length: min(Self.largestPiece, free)) : nil
    }

    /// What is left, and the dot.
    mutating func end() -> ByteBuffer {
        defer { wire = ByteBuffer() }
        return wire
    }
}
