import Crypto
import CryptoExtras
import Foundation
import Mail
import Support
import Testing

@testable import Sender

@Suite("DKIM")
struct DKIMTests {
    private static let now = Timestamp(microseconds: 1_764_000_000_999_999)

    /// RFC 8463, appendix A. The RSA key has 1024 bits, which would not be read from a file.
    private enum Example {
        static let message = """
            From: Joe SixPack <joe@football.example.com>\r
            To: Suzie Q <suzie@shopping.example.net>\r
            Subject: Is dinner ready?\r
            Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
            Message-ID: <20030712040037.46341.5F8J@football.example.com>\r
            \r
            Hi.\r
            \r
            We lost the game.  Are you hungry yet?\r
            \r
            Joe.\r

            """
        static let signedNames = ["from", "to", "subject", "date", "message-id"]
        static let head = """
            DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r
             d=football.example.com; i=@football.example.com;\r
             q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r
             subject : date : message-id : from : subject : date;\r
             bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
             b=
            """
        static let key = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
        static let signature = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
        static let published = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    }

    private func key(raw: String, selector: String) throws -> DKIMKey {
        let seed = try #require(Data(base64Encoded: raw))
        return try DKIMKey(pem: try Curve25519.Signing.PrivateKey(rawRepresentation: seed).pemRepresentation, selector: selector)
    }

    private func canonical(_ field: String) -> [UInt8] {
        var canonical: [UInt8] = []
        Array(field.utf8).withUnsafeBufferPointer { RelaxedForm.append($0, to: &canonical) }
        return canonical
    }

    private func bodyHash(_ body: String) -> String {
        Array(body.utf8).withUnsafeBufferPointer { Data(RelaxedForm.bodyHash($0)).base64EncodedString() }
    }

    @Test("the example of RFC 8463 comes out as printed there")
    func example() throws {
        let key = try key(raw: Example.key, selector: "brisbane")
        #expect(key.record == Example.published)
        #expect(
            bodyHash(Example.message.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n"))
                == "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=")
        var hasher = SHA256()
        let fields = Example.message.components(separatedBy: "\r\n")
        for name in Example.signedNames {
            let field = try #require(fields.first { $0.lowercased().hasPrefix(name + ":") })
            hasher.update(data: canonical(field) + [13, 10])
        }
        hasher.update(data: canonical(Example.head))
        #expect(try key.signature(of: hasher.finalize()).base64EncodedString() == Example.signature)
    }

    @Test(
        "a body's canonical form",
        arguments: [
            ("", ""), ("\r\n", ""), (" \t\r\n\r\n", ""), ("a", "a\r\n"), ("a\r\n\r\n", "a\r\n"), (" a \t b \r\n", " a b\r\n"),
            ("\r\n\r\na", "\r\n\r\na\r\n"), ("a\rb\nc", "a\rb\nc\r\n"), ("a\r", "a\r\r\n"),
            ("\ta \r\n \r\nb\r\n \r\n", " a\r\n\r\nb\r\n"),
        ])
    func body(text: String, canonical: String) {
        #expect(bodyHash(text) == Data(SHA256.hash(data: Data(canonical.utf8))).base64EncodedString())
    }

    @Test("a body's canonical form does not depend on where its pieces end", arguments: [16_380, 16_383, 16_384, 16_385, 40_000])
    func longBody(count: Int) {
        let run = String(repeating: "x", count: count)
        let text = "\(run)  y\r\n\r\n\(run)\t\r\nz \(run)\r\n\r\n"
        let canonical = "\(run) y\r\n\r\n\(run)\r\nz \(run)\r\n"
        #expect(bodyHash(text) == Data(SHA256.hash(data: Data(canonical.utf8))).base64EncodedString())
    }

    @Test(
        "a header field's canonical form",
        arguments: [
            ("A: X\r\n", "a:X"), ("B \t: Y\t\r\n\tZ  \r\n", "b:Y Z"), ("Subject:", "subject:"), ("S: \r\n \r\n x", "s:x"),
            ("s:a : b", "s:a : b"), ("no colon", ""),
        ])
    func field(text: String, form: String) {
        #expect(String(decoding: canonical(text), as: UTF8.self) == form)
    }

    @Test("every signed field is signed once more than it stands there, and nothing is left out of the body")
    func oversigned() throws {
        let signer = DKIMSigner(domain: "example.com", keys: [try key(raw: Example.key, selector: "s1")])
        let signed = try signer.sign(
            Array("From: a@example.com\r\nTo: b@example.net\r\nTo: c@example.net\r\n\r\nx\r\n".utf8), at: Self.now)
        let text = String(decoding: signed, as: UTF8.self)
        let value = text.components(separatedBy: "\r\nFrom:")[0].replacingOccurrences(of: "\r\n\t", with: "")
        let tags = Dictionary(
            uniqueKeysWithValues: value.dropFirst("DKIM-Signature:".count).split(separator: ";").map { tag in
                let parts = tag.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1).map(String.init)
                return (parts[0], parts[1])
            })
        let names = try #require(tags["h"]).split(separator: ":").map(String.init)
        for name in SignedFields.names {
            #expect(names.count { $0 == name } == ["from": 2, "to": 3][name, default: 1], "\(name)")
        }
        #expect(SignedFields.names.contains("list-unsubscribe") && SignedFields.names.contains("list-unsubscribe-post"))
        #expect(tags["l"] == nil)
        #expect(tags["t"] == "1764000000")
        #expect(tags["d"] == "example.com")
        #expect(tags["s"] == "s1")
        #expect(text.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 78 })
    }

    @Test(
        "a record's line of a zone file has strings of at most 255 bytes that are the value when joined", arguments: [2048, 4096])
    func zone(bits: Int) throws {
        let record = DKIMRecord(of: try DKIMKey(making: .rsa, bits: bits, selector: "s1"), domain: "example.com", file: "f")
        #expect(record.size == bits)
        #expect(record.zone.hasPrefix("s1._domainkey.example.com. IN TXT \""))
        let strings = record.zone.split(separator: "\"").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        #expect(strings.allSatisfy { $0.utf8.count <= 255 })
        #expect(strings.count > 1)
        #expect(strings.joined() == record.value)
    }

    @Test("sender dkim-key makes keys that openssl and the sender read, prints their records in one line, and overwrites none")
    func command() throws {
        let folder = try TemporaryFolder()
        let sender = Executables.url("sender").path
        struct Printed: Decodable, Equatable { let domain, selector, algorithm, file, name, value, zone: String }
        func run(_ arguments: String...) throws -> Printed {
            let printed = try ChildProcess.run(sender, ["dkim-key", "Example.com", "--out", folder.path] + arguments)
            #expect(printed.count { $0 == UInt8(ascii: "\n") } == 1)
            return try JSONDecoder().decode(Printed.self, from: printed)
        }
        let rsa = try run()
        let edwards = try run("--algorithm", "ed25519", "--selector", "e.1")
        #expect(rsa.name == "waybill-rsa._domainkey.example.com")
        #expect(edwards.name == "e.1._domainkey.example.com")
        #expect(try run("--show") == rsa)
        #expect(throws: Trouble.self) { try run() }
        for record in [rsa, edwards] {
            let mode = try FileManager.default.attributesOfItem(atPath: record.file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let published = try ChildProcess.run("/usr/bin/openssl", ["pkey", "-in", record.file, "-pubout", "-outform", "DER"])
            let value = try #require(Data(base64Encoded: record.value.components(separatedBy: "p=")[1]))
            // Ed25519 is published without the frame around it.
            #expect(published.suffix(value.count) == value)
        }
        let keyring = try DKIMKeyring(reading: folder.url)
        #expect(keyring.domains == ["example.com"])
        let signed = try keyring.sign(Array("From: a@example.com\r\n\r\n".utf8), from: .test("a@example.com"), at: Self.now)
        let algorithms = String(decoding: signed, as: UTF8.self).components(separatedBy: "a=").dropFirst().map { $0.prefix(3) }
        #expect(algorithms == ["rsa", "ed2"])
    }
}
