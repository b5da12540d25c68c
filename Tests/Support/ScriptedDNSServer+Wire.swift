import Foundation
import NIOCore

/// Messages of RFC 1035, as far as a scripted server needs them.
enum DNSWire {
    /// The first question: its name in lower case, its kind, and where it ends.
    static func question(in message: [UInt8]) -> (name: String, kind: UInt16, end: Int)? {
        var labels: [String] = []
        var at = 12
        while at < message.count, message[at] != 0 {
            let end = at + 1 + Int(message[at])
            guard end < message.count else { return nil }
            labels.append(String(decoding: message[(at + 1)..<end], as: UTF8.self))
            at = end
        }
        guard at + 4 < message.count else { return nil }
        return (labels.joined(separator: ".").lowercased(), UInt16(message[at + 1]) << 8 | UInt16(message[at + 2]), at + 5)
    }

    /// - Parameter head: The header and the question that came.
    static func reply(_ head: [UInt8], code: UInt8, records: [[UInt8]], isTruncated: Bool = false) -> [UInt8] {
        var bytes = head
        bytes[2] = 0x81 | (isTruncated ? 0x02 : 0)
        bytes[3] = 0x80 | code
        let isNegative = records.isEmpty && !isTruncated && (code == 0 || code == 3)
        let counts: [UInt16] = [1, UInt16(records.count), isNegative ? 1 : 0, 0]
        for (index, count) in counts.enumerated() { bytes.replaceSubrange((4 + index * 2)..<(6 + index * 2), with: two(count)) }
        for record in records { bytes += record }
        if isNegative { bytes += soa }
        return bytes
    }

    static func record(_ record: ScriptedDNSServer.Record, name owner: String, ttl: Int) -> [UInt8] {
        let kind: ScriptedDNSServer.Kind
        let data: [UInt8]
        switch record {
        case .of(let other, let record): return self.record(record, name: other, ttl: ttl)
        case .a(let address): (kind, data) = (.a, packed(address, AF_INET, 4))
        case .aaaa(let address): (kind, data) = (.aaaa, packed(address, AF_INET6, 16))
        case .mx(let preference, let host): (kind, data) = (.mx, two(UInt16(preference)) + name(host))
        case .cname(let target): (kind, data) = (.cname, name(target))
        }
        return name(owner) + two(kind.rawValue) + two(1) + four(UInt32(ttl)) + two(UInt16(data.count)) + data
    }

    /// Absence is to be remembered for a minute.
    private static let soa: [UInt8] = {
        let data = name("ns.test") + name("admin.test") + four(1) + four(60) + four(60) + four(60) + four(60)
        return [0] + two(6) + two(1) + four(60) + two(UInt16(data.count)) + data
    }()

    private static func packed(_ text: String, _ family: Int32, _ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        precondition(inet_pton(family, text, &bytes) == 1, "\(text) is no address")
        return Array(bytes.prefix(count))
    }

    private static func name(_ text: String) -> [UInt8] {
        text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    private static func two(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] }
    private static func four(_ number: UInt32) -> [UInt8] { two(UInt16(number >> 16)) + two(UInt16(number & 0xFFFF)) }
}

/// Questions over UDP.
final class ScriptedDNSDatagrams: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>
    private let server: ScriptedDNSServer

    init(server: ScriptedDNSServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard let (bytes, delay) = server.reply(to: Array(envelope.data.readableBytesView), overTCP: false) else { return }
        let (channel, asker) = (context.channel, envelope.remoteAddress)
        context.eventLoop.scheduleTask(in: TimeAmount(delay)) {
            channel.writeAndFlush(AddressedEnvelope(remoteAddress: asker, data: ByteBuffer(bytes: bytes)), promise: nil)
        }
    }
}

/// Questions over TCP, each after its length.
final class ScriptedDNSStream: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let server: ScriptedDNSServer
    private var buffer = ByteBuffer()

    init(server: ScriptedDNSServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        buffer.writeBuffer(&bytes)
        while let message = buffer.readLengthPrefixedSlice(as: UInt16.self) {
            guard let (bytes, delay) = server.reply(to: Array(message.readableBytesView), overTCP: true) else { continue }
            var reply = ByteBuffer()
            reply.writeInteger(UInt16(bytes.count))
            reply.writeBytes(bytes)
            let (channel, whole) = (context.channel, reply)
            context.eventLoop.scheduleTask(in: TimeAmount(delay)) { channel.writeAndFlush(whole, promise: nil) }
        }
    }
}
