import Glibc
import NIOCore

/// One connection to the sink: speaks just enough SMTP, with PIPELINING, to take mail as fast as it comes.
final class SinkConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let ledger: SinkLedger
    /// How long each command waits for its answer, in order.
    private let delay: TimeAmount
    private var buffer = ByteBuffer()
    private var replies = ByteBuffer()
    private var recipients: [String] = []
    private var isInMessage = false
    /// How much of a message was searched for its end.
    private var searched = 0
    private var lastReplyAt = NIODeadline.uptimeNanoseconds(0)

    init(ledger: SinkLedger, delay: TimeAmount) {
        self.ledger = ledger
        self.delay = delay
    }

    func channelActive(context: ChannelHandlerContext) {
        reply("220 sink ESMTP\r\n", context)
        channelReadComplete(context: context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var more = unwrapInboundIn(data)
        buffer.writeBuffer(&more)
        while isInMessage ? readMessage(context) : readCommand(context) {}
        buffer.discardReadBytes()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if replies.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(take()), promise: nil) }
        context.fireChannelReadComplete()
    }

    private func take() -> ByteBuffer {
        defer { replies = ByteBuffer() }
        return replies
    }

    /// - Returns: Whether there was a whole command.
    private func readCommand(_ context: ChannelHandlerContext) -> Bool {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return false }
        let line = buffer.readString(length: end - buffer.readerIndex + 1) ?? ""
        switch line.prefix(4).uppercased() {
        case "EHLO": reply("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 52428800\r\n", context)
        case "RCPT":
            if let from = line.firstIndex(of: "<"), let to = line.firstIndex(of: ">"), from < to {
                recipients.append(String(line[line.index(after: from)..<to]))
            }
            reply("250 2.1.5 OK\r\n", context)
        case "DATA":
            isInMessage = true
            searched = 0
            reply("354 go on\r\n", context)
        case "RSET":
            recipients = []
            reply("250 2.0.0 OK\r\n", context)
        case "QUIT":
            reply("221 2.0.0 bye\r\n", context, isLast: true)
        case "NOOP": reply("250 \(ledger.count)\r\n", context)  // how a benchmark asks for the count
        default: reply("250 2.0.0 OK\r\n", context)
        }
        return true
    }

    /// - Returns: Whether the message has ended.
    private func readMessage(_ context: ChannelHandlerContext) -> Bool {
        let from = max(0, searched - 4)
        let found = buffer.withUnsafeReadableBytes { Self.find("\r\n.\r\n", in: UnsafeRawBufferPointer(rebasing: $0[from...])) }
        guard let found else {
            searched = buffer.readableBytes
            return false
        }
        let length = from + found + 2
        let (id, isSigned) = buffer.withUnsafeReadableBytes { bytes in
            let header = Self.find("\r\n\r\n", in: bytes) ?? length
            let fields = UnsafeRawBufferPointer(rebasing: bytes[..<min(header, length)])
            return (Self.messageID(in: fields), Self.find("DKIM-Signature: ", in: fields) != nil)
        }
        buffer.moveReaderIndex(forwardBy: length + 3)
        ledger.note(messageID: id, recipients: recipients, isSigned: isSigned, size: length)
        recipients = []
        isInMessage = false
        reply("250 2.0.0 taken\r\n", context)
        return true
    }

    private func reply(_ text: String, _ context: ChannelHandlerContext, isLast: Bool = false) {
        replies.writeString(text)
        guard delay > .zero || isLast else { return }
        let buffer = take()
        lastReplyAt = max(.now(), lastReplyAt) + delay
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(deadline: lastReplyAt) {
            let written = bound.value.writeAndFlush(NIOAny(buffer))
            if isLast { written.whenComplete { _ in bound.value.close(promise: nil) } }
        }
    }

    private static func messageID(in top: UnsafeRawBufferPointer) -> String {
        for name: StaticString in ["Message-ID: <", "Message-Id: <"] {
            guard let start = find(name, in: top) else { continue }
            let rest = top[(start + name.utf8CodeUnitCount)...]
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { continue }
            return String(decoding: rest[..<end], as: UTF8.self)
        }
        return ""
    }

    private static func find(_ text: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress, bytes.count >= text.utf8CodeUnitCount else { return nil }
        let last = bytes.count - text.utf8CodeUnitCount
        var from = 0
        while from <= last, let hit = memchr(base + from, Int32(text.utf8Start.pointee), last - from + 1) {
            let place = UnsafeRawPointer(hit) - base
            if memcmp(hit, text.utf8Start, text.utf8CodeUnitCount) == 0 { return place }
            from = place + 1
        }
        return nil
    }
}
