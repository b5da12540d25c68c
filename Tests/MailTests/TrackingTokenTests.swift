import Foundation
import Mail
import Testing

@Suite("Tracking tokens")
struct TrackingTokenTests {
    private static let secret = String(repeating: "k", count: 32)
    private static let other = String(repeating: "o", count: 40)
    private let delivery = DeliveryID.derived(from: "d")

    private static let purposes: [TrackingToken.Purpose] = [
        .open, .unsubscribe, .click(link: 0, target: "https://example.com/"),
        .click(link: 65_535, target: "http://bücher.example/?a=b&c=%20#d"),
    ]

    @Test("a token comes back as it went, in characters that a URL takes as they are", arguments: purposes)
    func roundTrip(purpose: TrackingToken.Purpose) throws {
        let keys = try #require(TrackingKeys(secret: Self.secret))
        for organization in ["", "studio", String(repeating: "ö", count: 32)] {
            let token = TrackingToken(organization: organization, delivery: delivery, purpose: purpose)
            let text = try #require(keys.sign(token))
            #expect(
                text.utf8.allSatisfy {
                    Character(Unicode.Scalar($0)).isLetter || Character(Unicode.Scalar($0)).isNumber || "-_".utf8.contains($0)
                })
            #expect(keys.verify(text) == token)
        }
    }

    @Test("a token with any one bit flipped, cut or lengthened is refused", arguments: purposes)
    func flips(purpose: TrackingToken.Purpose) throws {
        let keys = try #require(TrackingKeys(secret: Self.secret))
        let text = try #require(keys.sign(TrackingToken(organization: "studio", delivery: delivery, purpose: purpose)))
        let bytes = Array(text.utf8)
        for index in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[index] ^= 1 << bit
                #expect(keys.verify(String(decoding: flipped, as: UTF8.self)) == nil, "byte \(index), bit \(bit)")
            }
            #expect(keys.verify(String(decoding: bytes[..<index], as: UTF8.self)) == nil)
        }
        for more in ["A", "=", "==", " ", "\n", "AAAA"] { #expect(keys.verify(text + more) == nil) }
    }

    @Test("a new first line signs, old lines still verify, and removed ones do not")
    func rotation() throws {
        let token = TrackingToken(organization: "studio", delivery: delivery, purpose: .open)
        let old = try #require(TrackingKeys(secret: Self.secret))
        let both = try #require(TrackingKeys(secret: "\(Self.other)\n\(Self.secret)\n"))
        let new = try #require(TrackingKeys(secret: Self.other))
        let before = try #require(old.sign(token))
        let after = try #require(both.sign(token))
        #expect(both.verify(before) == token)
        #expect(both.verify(after) == token)
        #expect(new.verify(after) == token)
        #expect(new.verify(before) == nil)
        #expect(old.verify(after) == nil)
    }

    @Test("a token for one purpose is none for another, and each has its own text")
    func oneForEach() throws {
        let keys = try #require(TrackingKeys(secret: Self.secret))
        let texts = Self.purposes.compactMap { keys.sign(TrackingToken(organization: "studio", delivery: delivery, purpose: $0)) }
        #expect(Set(texts).count == Self.purposes.count)
        for (text, purpose) in zip(texts, Self.purposes) { #expect(keys.verify(text)?.purpose == purpose) }
    }

    @Test(
        "a target that a redirect must not lead to is not signed",
        arguments: [
            "", "javascript:alert(1)", "//example.com", "ftp://example.com", "https://a\r\nb", "https://a b", "http:/example.com",
        ])
    func targets(target: String) throws {
        let keys = try #require(TrackingKeys(secret: Self.secret))
        #expect(keys.sign(TrackingToken(organization: "o", delivery: delivery, purpose: .click(link: 0, target: target))) == nil)
    }

    @Test("what does not fit is not signed, and short secrets make no keys")
    func limits() throws {
        let keys = try #require(TrackingKeys(secret: Self.secret))
        let long = "https://example.com/" + String(repeating: "a", count: TrackingKeys.longestTarget - 20)
        #expect(keys.sign(TrackingToken(organization: "o", delivery: delivery, purpose: .click(link: 0, target: long))) != nil)
        #expect(
            keys.sign(TrackingToken(organization: "o", delivery: delivery, purpose: .click(link: 0, target: long + "a"))) == nil)
        for link in [-1, 65_536] {
            #expect(
                keys.sign(TrackingToken(organization: "o", delivery: delivery, purpose: .click(link: link, target: "https://a")))
                    == nil)
        }
        let organization = String(repeating: "o", count: 65)
        #expect(keys.sign(TrackingToken(organization: organization, delivery: delivery, purpose: .open)) == nil)
        for secret in ["", "\n\n", "short", "\(Self.secret)\nshort"] { #expect(TrackingKeys(secret: secret) == nil) }
    }

    @Test("arbitrary text never traps and never verifies")
    func arbitrary() throws {
        let keys = try #require(TrackingKeys(secret: Self.secret))
        var random = Seeded(10)
        for length in 0..<500 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(keys.verify(String(decoding: bytes, as: UTF8.self)) == nil)
            #expect(
                keys.verify(
                    Data([1] + bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
                        "=", with: "")) == nil)
        }
    }
}
