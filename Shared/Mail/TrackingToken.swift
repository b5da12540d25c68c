import Crypto
import Foundation

/// What a tracking URL says about itself: for which delivery it was made and for what. Stateless and signed; carries no address.
///
/// The text is base64url (RFC 4648 section 5, no padding) of
/// `version (1) · key (1) · purpose (1) · organization length (1) · organization · delivery (16) · [link (2) · target] · mac (16)`,
/// where the mac is the first half of HMAC-SHA256 over everything before it.
package struct TrackingToken: Hashable, Sendable {
    package var organization: String
    package var delivery: DeliveryID
    package var purpose: Purpose

    package enum Purpose: Hashable, Sendable {
        case open
        /// The link's place in the message, 0 to 65,535, and where it leads: http or https.
        case click(link: Int, target: String)
        case unsubscribe
    }

    package init(organization: String, delivery: DeliveryID, purpose: Purpose) {
        self.organization = organization
        self.delivery = delivery
        self.purpose = purpose
    }
}

/// The keys that sign and verify tracking tokens, derived from `WAYBILL_SECRET`.
///
/// A secret has one line for each key in use: the first signs, all verify, so a key can be replaced while old mail still counts.
package struct TrackingKeys: Sendable {
    let keys: [SigningKey]

    /// - Parameter secret: One or more lines of at least 32 bytes each; `nil` where a line is shorter or there is none.
    package init?(secret: String) {
        let lines = secret.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard !lines.isEmpty, lines.allSatisfy({ $0.utf8.count >= 32 }) else { return nil }
        keys = lines.map { line in
            let key = HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: Data(line.utf8)), info: Data("waybill tracking".utf8), outputByteCount: 32)
            let id = HMAC<SHA256>.authenticationCode(for: Data("key id".utf8), using: key).withUnsafeBytes { $0[0] }
            return SigningKey(id: id, code: HMAC(key: key))
        }
    }

    struct SigningKey: Sendable {
        let id: UInt8
        /// Of nothing yet: to begin with the key costs as much as a whole token.
        fileprivate let code: HMAC<SHA256>

        init(id: UInt8, code: HMAC<SHA256>) {
            self.id = id
            self.code = code
        }

        func mac(of bytes: some DataProtocol) -> HashedAuthenticationCode<SHA256> {
            var code = code
            code.update(data: bytes)
            return code.finalize()
        }
    }

    static let version: UInt8 = 1
    private static let macBytes = 16
    /// A target longer than this is not tracked: the link stays as it is.
    package static let longestTarget = 2048

    /// The token's text, or `nil` where it cannot be made: a target that is too long or not http(s), an organization over 64 bytes.
    package func sign(_ token: TrackingToken) -> String? {
        guard let key = keys.first, token.organization.utf8.count <= 64 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(128)
        bytes.append(Self.version)
        bytes.append(key.id)
        switch token.purpose {
        case .open: bytes.append(1)
        case .click: bytes.append(2)
        case .unsubscribe: bytes.append(3)
        }
        bytes.append(UInt8(token.organization.utf8.count))
        bytes += token.organization.utf8
        bytes += token.delivery.bytes
        if case .click(let link, let target) = token.purpose {
            guard (0...65_535).contains(link), Self.isTrackable(target) else { return nil }
            bytes.append(UInt8(link >> 8))
            bytes.append(UInt8(link & 255))
            bytes += target.utf8
        }
        bytes += key.mac(of: bytes).prefix(Self.macBytes)
        return Self.encode(bytes)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// base64url without padding (RFC 4648 section 5).
    private static func encode(_ bytes: [UInt8]) -> String {
        let length = (bytes.count * 4 + 2) / 3
        return alphabet.withUnsafeBufferPointer { alphabet in
            String(unsafeUninitializedCapacity: length) { text in
                var waiting: UInt32 = 0
                var bits = 0
                var place = 0
                for byte in bytes {
                    waiting = waiting << 8 | UInt32(byte)
                    bits += 8
                    while bits >= 6 {
                        bits -= 6
                        text[place] = alphabet[Int(waiting >> UInt32(bits) & 63)]
                        place += 1
                    }
                }
                if bits > 0 { text[place] = alphabet[Int(waiting << UInt32(6 - bits) & 63)] }
                return length
            }
        }
    }

    /// What a token's text says, or `nil` unless one of our keys signed exactly these bytes.
    package func verify(_ text: String) -> TrackingToken? {
        guard text.utf8.count <= 4096, let bytes = Self.decode(text), bytes.count >= 4 + 16 + Self.macBytes,
            bytes[0] == Self.version
        else { return nil }
        let signed = bytes.dropLast(Self.macBytes)
        let mac = Array(bytes.suffix(Self.macBytes))
        let isOurs = keys.contains { key in
            key.id == bytes[1] && Self.equal(Array(key.mac(of: signed).prefix(Self.macBytes)), mac)
        }
        let length = Int(bytes[3])
        guard isOurs, signed.count >= 4 + length + 16,
            let delivery = DeliveryID(bytes: signed[(4 + length)..<(4 + length + 16)])
        else { return nil }
        let rest = signed[(4 + length + 16)...]
        let organization = String(decoding: signed[4..<(4 + length)], as: UTF8.self)
        switch bytes[2] {
        case 1 where rest.isEmpty:
            return TrackingToken(organization: organization, delivery: delivery, purpose: .open)
        case 2 where rest.count > 2:
            let link = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            let target = String(decoding: rest.dropFirst(2), as: UTF8.self)
            guard Self.isTrackable(target) else { return nil }
            return TrackingToken(organization: organization, delivery: delivery, purpose: .click(link: link, target: target))
        case 3 where rest.isEmpty:
            return TrackingToken(organization: organization, delivery: delivery, purpose: .unsubscribe)
        default:
            return nil
        }
    }

    /// Whether a link may be sent through the redirect: http or https, printable ASCII or beyond, not too long.
    package static func isTrackable(_ target: String) -> Bool {
        let lowered = target.utf8.lazy.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        return (lowered.starts(with: "http://".utf8) || lowered.starts(with: "https://".utf8)) && target.utf8.count <= longestTarget
            && target.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    /// Compares in a time that does not depend on where the bytes differ.
    static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && zip(one, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// Strict base64url: one text for one sequence of bytes, so no two URLs carry the same token.
    private static func decode(_ text: String) -> [UInt8]? {
        guard !text.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "=") }) else {
            return nil
        }
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        guard let data = Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)) else {
            return nil
        }
        let canonical = data.base64EncodedString().replacing("=", with: "")
        return canonical == standard ? Array(data) : nil
    }
}
