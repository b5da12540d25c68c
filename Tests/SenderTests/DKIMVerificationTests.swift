import Foundation
import MIME
import Mail
import Support
import Testing

@testable import Sender

@Suite("Signed messages before other people's verifiers")
struct DKIMVerificationTests {
    private let signer: DKIMSigner
    private let oracle: DKIMOracle
    private static let both: HeldSignatures = ["rsa-sha256", "ed25519-sha256"]
    private static let now = Timestamp(microseconds: 1_764_000_000_123_456)

    init() throws {
        let keys = try DKIMKey.Algorithm.allCases.map { try DKIMKey(making: $0, selector: "test-\($0.rawValue)") }
        signer = DKIMSigner(domain: "example.com", keys: keys)
        let records = keys.map { DKIMRecord(of: $0, domain: "example.com", file: "") }
        oracle = try DKIMOracle(records: Dictionary(uniqueKeysWithValues: records.map { ($0.name, $0.value) }))
    }

    @Test("each of hundreds of varied messages verifies, both signatures, with dkimpy and with OpenDKIM")
    func varied() throws {
        let messages = try DKIMMessages.all
        #expect(messages.count >= 300)
        let signed = try messages.map { try signer.sign($0, at: Self.now) }
        for (message, original) in zip(signed, messages) { #expect(message.suffix(original.count).elementsEqual(original)) }
        for (verifier, verdicts) in [("dkimpy", try oracle.dkimpy(signed)), ("opendkim", try oracle.opendkim(signed))] {
            #expect(verdicts.count == messages.count)
            for (index, verdict) in verdicts.enumerated() where verdict != Self.both {
                Issue.record(
                    "\(verifier), message \(index): \(verdict): \(String(decoding: signed[index].prefix(1200), as: UTF8.self))")
            }
        }
    }

    /// What is done to a message on its way.
    struct Change: CustomTestStringConvertible {
        let testDescription: String
        let apply: @Sendable (String) -> String

        init(_ description: String, _ apply: @escaping @Sendable (String) -> String) {
            testDescription = description
            self.apply = apply
        }

        static func replacing(_ old: String, _ new: String) -> Self {
            Self("\(old.debugDescription) becomes \(new.debugDescription)") { $0.replacingOccurrences(of: old, with: new) }
        }

        static func adding(_ field: String) -> Self {
            Self("\(field) is added") { "\(field)\r\n" + $0 }
        }
    }

    private static let letter = """
        From: Ann <ann@example.com>\r
        To: bob@example.net\r
        Subject: Your  photos\r
        Date: Mon, 24 Nov 2025 16:00:00 +0000\r
        Message-ID: <1@example.com>\r
        MIME-Version: 1.0\r
        Content-Type: text/plain\r
        List-Unsubscribe: <https://t.example/u/AAAA>\r
        List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
        \r
        Hello  Bob,\r
        \r
        here they are.\r
        \r

        """

    @Test(
        "a change that means something breaks both signatures",
        arguments: [
            .replacing("Your  photos", "Your  money"), .replacing("Hello  Bob", "Hello  Rob"),
            .replacing("they are.", "they are. Pay."),
            .replacing("they are.\r\n", "they are.\r\n\r\nPay.\r\n"), .replacing("Hello  Bob", "HelloBob"),
            .replacing("Bob,\r\n\r\nhere", "Bob,\r\nhere"), .replacing("u/AAAA", "u/BBBB"), .replacing("To: bob@", "To: rob@"),
            .replacing("=One-Click", "=Two-Click"), .replacing("Message-ID: <1@", "Message-ID: <2@"),
            .replacing("text/plain", "text/html"),
            .replacing("t=1764000000", "t=1764000001"), .replacing("To: bob@example.net\r\n", ""), .adding("Subject: Another"),
            .adding("From: Eve <eve@example.org>"), .adding("Cc: eve@example.org"), .adding("Reply-To: eve@example.org"),
            .adding("List-Unsubscribe: <https://evil.example/>"), .adding("Content-Transfer-Encoding: base64"),
        ] as [Change])
    func tampered(change: Change) throws {
        try expect([], after: change)
    }

    @Test(
        "what servers on the way may do breaks nothing",
        arguments: [
            Change("nothing is done") { $0 }, .adding("Received: from a by b; Mon, 24 Nov 2025 16:00:01 +0000"),
            .adding("X-Spam: no"),
            .replacing("Subject: Your  photos", "SUBJECT:Your\r\n\tphotos "), .replacing("Hello  Bob,", "Hello Bob, \t"),
            .replacing("they are.\r\n\r\n", "they are.\r\n"), .replacing("they are.\r\n", "they are.\r\n\r\n \r\n"),
        ] as [Change])
    func relayed(change: Change) throws {
        try expect(Self.both, after: change)
    }

    private func expect(_ verdict: HeldSignatures, after change: Change) throws {
        let signed = String(decoding: try signer.sign(Array(Self.letter.utf8), at: Self.now), as: UTF8.self)
        let changed = change.apply(signed)
        if change.testDescription != "nothing is done" { #expect(changed != signed) }
        #expect(try oracle.dkimpy([Array(changed.utf8)]) == [verdict])
        #expect(try oracle.opendkim([Array(changed.utf8)]) == [verdict])
    }
}
