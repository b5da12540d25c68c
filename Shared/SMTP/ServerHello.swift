import NIOCore

/// Reads which cipher suite a server chose: it stands in clear text in its ServerHello (RFC 8446 section 4.1.3), and NIOSSL does not tell.
struct ServerHello: Sendable {
    private static let longest = 512
    private var bytes: [UInt8] = []
    private(set) var cipher: String?

    /// Takes what the server sent first, in any pieces.
    mutating func read(_ piece: some Sequence<UInt8>) {
        guard cipher == nil, bytes.count < Self.longest else { return }
        bytes += piece.prefix(Self.longest - bytes.count)
        // A record's type, version and length: 5 bytes; a message's type and length: 4; version: 2; random: 32; then the session's id.
        guard bytes.count > 43, bytes[0] == 22, bytes[5] == 2 else { return }
        let at = 44 + Int(bytes[43])
        guard bytes.count > at + 1 else { return }
        cipher = Self.name(of: UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]))
    }

    /// The names of those that BoringSSL offers, from IANA's registry.
    private static func name(of suite: UInt16) -> String {
        switch suite {
        case 0x1301: "TLS_AES_128_GCM_SHA256"
        case 0x1302: "TLS_AES_256_GCM_SHA384"
        case 0x1303: "TLS_CHACHA20_POLY1305_SHA256"
        case 0xC02B: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
        case 0xC02C: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
        case 0xC02F: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        case 0xC030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
        case 0xCCA8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
        case 0xCCA9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
        case 0xC009: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"
        case 0xC00A: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"
        case 0xC013: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
        case 0xC014: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"
        case 0x009C: "TLS_RSA_WITH_AES_128_GCM_SHA256"
        case 0x009D: "TLS_RSA_WITH_AES_256_GCM_SHA384"
        case 0x002F: "TLS_RSA_WITH_AES_128_CBC_SHA"
        case 0x0035: "TLS_RSA_WITH_AES_256_CBC_SHA"
        default: "cipher suite 0x" + String(suite, radix: 16)
        }
    }
}

/// Stands between the socket and TLS until the handshake is done.
final class ServerHelloHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var hello = ServerHello()
    var cipher: String? { hello.cipher }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hello.read(unwrapInboundIn(data).readableBytesView)
        context.fireChannelRead(data)
    }
}
