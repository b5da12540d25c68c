import Foundation
import Mail
import Testing

@Suite("Signed return paths")
struct ReturnPathTokenTests {
    private static let secret = String(repeating: "k", count: 32)
    private static let other = String(repeating: "o", count: 40)
    private let delivery = DeliveryID.derived(from: "d")

    private func keys(_ secret: String = secret) throws -> TrackingKeys { try #require(TrackingKeys(secret: secret)) }

    @Test("a return path names its delivery, whatever a server does to its case, and fits a local part")
    func roundTrip() throws {
        let keys = try keys()
        for number in 0..<200 {
            let delivery = DeliveryID.derived(from: "d \(number)")
            for mailbox in ["bounce", "b", String(repeating: "m", count: TrackingKeys.longestReturnPathMailbox), "a+b"] {
                let local = keys.returnPath(for: delivery, mailbox: mailbox)
                #expect(local.utf8.count <= 64)
                #expect(local.hasPrefix(mailbox + "+"))
                #expect(throws: Never.self) { try EmailAddress("\(local)@example.com") }
                #expect(local.utf8.allSatisfy { Character(Unicode.Scalar($0)).isLowercase || "234567+".utf8.contains($0) })
                #expect(keys.delivery(ofReturnPath: local) == delivery)
                #expect(keys.delivery(ofReturnPath: local.uppercased()) == delivery)
            }
        }
    }

    @Test("a return path with anything changed, cut or added is refused")
    func changed() throws {
        let keys = try keys()
        let local = keys.returnPath(for: delivery, mailbox: "bounce")
        let bytes = Array(local.utf8)
        for index in bytes.indices.dropFirst("bounce+".utf8.count) {
            for replacement in "abcdefghijklmnopqrstuvwxyz234567018=-_".utf8 where replacement != bytes[index] {
                var changed = bytes
                changed[index] = replacement
                #expect(keys.delivery(ofReturnPath: String(decoding: changed, as: UTF8.self)) == nil)
            }
            #expect(keys.delivery(ofReturnPath: String(decoding: bytes[..<index], as: UTF8.self)) == nil)
        }
        let token = String(local.dropFirst("bounce+".count))
        for text in [token, local + "a", local + "=", local + "+", local + "+x", "", "+", "bounce", "bounce+", "bounce+ü"] {
            #expect(keys.delivery(ofReturnPath: text) == nil, "\(text)")
        }
    }

    @Test("old keys verify until they are removed")
    func rotation() throws {
        let old = try keys()
        let both = try keys("\(Self.other)\n\(Self.secret)")
        let new = try keys(Self.other)
        let before = old.returnPath(for: delivery, mailbox: "bounce")
        let after = both.returnPath(for: delivery, mailbox: "bounce")
        #expect(before != after)
        #expect(both.delivery(ofReturnPath: before) == delivery)
        #expect(both.delivery(ofReturnPath: after) == delivery)
        #expect(new.delivery(ofReturnPath: after) == delivery)
        #expect(new.delivery(ofReturnPath: before) == nil)
        #expect(old.delivery(ofReturnPath: after) == nil)
    }

    @Test("no tracking token passes for a return path, nor the other way round")
    func purposes() throws {
        let keys = try keys()
        let local = keys.returnPath(for: delivery, mailbox: "bounce")
        #expect(keys.verify(String(local.dropFirst("bounce+".count))) == nil)
        for purpose in [TrackingToken.Purpose.open, .unsubscribe] {
            let token = try #require(keys.sign(TrackingToken(organization: "", delivery: delivery, purpose: purpose)))
            let standard = token.replacing("-", with: "+").replacing("_", with: "/")
            let data = try #require(Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)))
            // The mac of a tracking token, cut to a return path's length, behind the same delivery.
            let forged = Self.base32(delivery.bytes + data.suffix(16).prefix(12))
            #expect(forged.utf8.count == 45)
            #expect(keys.delivery(ofReturnPath: "bounce+" + forged) == nil)
        }
    }

    private static func base32(_ bytes: [UInt8]) -> String {
        let bits = bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
        return String(
            stride(from: 0, to: bits.count, by: 5).map { start in
                let value = (0..<5).reduce(0) { $0 << 1 | (start + $1 < bits.count ? Int(bits[start + $1]) : 0) }
                return Array("abcdefghijklmnopqrstuvwxyz234567")[value]
            })
    }
}
