import Glibc

/// An IPv4 or IPv6 address, without a port or a zone.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16, in network order.
    package let bytes: [UInt8]

    package var isIPv6: Bool { bytes.count == 16 }

    init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Reads `192.0.2.1` or `2001:db8::1`.
    package init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes.prefix(4))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.bytes = bytes
        } else {
            return nil
        }
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(isIPv6 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether it leads back to this machine, to no machine or to many: the unspecified and loopback addresses, this network
    /// (`0.0.0.0/8`), multicast and broadcast, also where IPv6 carries an IPv4 address (`::ffff:127.0.0.1`).
    package var isLocalOrMany: Bool {
        guard isIPv6 else { return Self.isLocalOrMany(v4: bytes[...]) }
        if bytes[0] == 0xFF { return true }
        let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        if isMapped { return Self.isLocalOrMany(v4: bytes[12...]) }
        // `::`, `::1`, and the IPv4-compatible addresses that nobody uses any more.
        return bytes.prefix(12).allSatisfy { $0 == 0 }
    }

    private static func isLocalOrMany(v4: ArraySlice<UInt8>) -> Bool {
        guard let first = v4.first else { return true }
        return first == 0 || first == 127 || first >= 224
    }
}
