import Crypto

/// Return paths that say which delivery a bounce message is about (VERP): `bounce+token@example.com`.
///
/// The token is base32 (RFC 4648 section 6, no padding) of `delivery (16) · mac (12)`: 45 characters that survive servers which
/// change the case of local parts, and leave room within the 64 octets of one (RFC 5321 section 4.5.3.1.1). The mac is the first
/// 12 bytes of HMAC-SHA256 over `version (1) · key (1) · purpose (1) · delivery (16)`; no other token has this purpose.
extension TrackingKeys {
    private static let returnPathPurpose: UInt8 = 4
    private static let returnPathMACBytes = 12
    private static let returnPathTokenLength = 45

    /// The most octets of a mailbox's name that leave room for a token.
    package static let longestReturnPathMailbox = 64 - 1 - returnPathTokenLength

    /// The local part to which bounce messages about a delivery return.
    /// - Parameter mailbox: A dot-string of at most ``longestReturnPathMailbox`` octets, such as `bounce`.
    package func returnPath(for delivery: DeliveryID, mailbox: String) -> String {
        guard let first = keys.first else { return mailbox }
        return mailbox + "+" + Base32.encode(delivery.bytes + Self.returnPathMAC(delivery, first))
    }

    /// The delivery that a local part was made for, whatever the mailbox's name and in whatever case; `nil` unless one of our keys
    /// signed it.
    package func delivery(ofReturnPath local: String) -> DeliveryID? {
        guard let plus = local.utf8.lastIndex(of: UInt8(ascii: "+")) else { return nil }
        let token = local.utf8[plus...].dropFirst()
        guard token.count == Self.returnPathTokenLength, let bytes = Base32.decode(token),
            let delivery = DeliveryID(bytes: bytes.prefix(16))
        else { return nil }
        let mac = Array(bytes.dropFirst(16))
        // Every key is tried, so that the time does not tell which one fits.
        let isOurs = keys.reduce(false) { found, key in
            let fits = Self.equal(Self.returnPathMAC(delivery, key), mac)
            return found || fits
        }
        return isOurs ? delivery : nil
    }

    private static func returnPathMAC(_ delivery: DeliveryID, _ key: SigningKey) -> [UInt8] {
        Array(key.mac(of: [version, key.id, returnPathPurpose] + delivery.bytes).prefix(returnPathMACBytes))
    }
}

/// RFC 4648 section 6, in lower case and without padding.
private enum Base32 {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[Int(buffer >> UInt32(bits)) & 31])
            }
            buffer &= (1 << UInt32(bits)) - 1
        }
        if bits > 0 { text.append(alphabet[Int(buffer << UInt32(5 - bits)) & 31]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// In either case; `nil` for other characters and where bits are left over that are not zero.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for character in text {
            let value: UInt8
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a")
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
            case UInt8(ascii: "2")...UInt8(ascii: "7"): value = character - UInt8(ascii: "2") + 26
            default: return nil
            }
            buffer = buffer << 5 | UInt32(value)
            bits += 5
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
            buffer &= (1 << UInt32(bits)) - 1
        }
        return bits < 5 && buffer == 0 ? bytes : nil
    }
}
