import Foundation
import Mail
import Runtime
import Support
import Testing

@testable import Sender

@Suite("The folder of DKIM keys")
struct DKIMKeyringTests {
    private let folder: TemporaryFolder
    private static let key = Result { try DKIMKey(making: .ed25519, selector: "any").pem }

    init() throws { folder = try TemporaryFolder() }

    private func put(_ name: String, _ text: String? = nil, mode: Int = 0o600) throws {
        let file = folder.url.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data((text ?? Self.key.get()).utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path(percentEncoded: false))
    }

    private func complaints() -> [String] {
        do {
            _ = try DKIMKeyring(reading: folder.url)
            return []
        } catch {
            return error.complaints.map { $0.replacingOccurrences(of: folder.path, with: "") }
        }
    }

    @Test(
        "mail is signed for its own domain, or the nearest one above that has keys, and for no other",
        arguments: [
            ("ann@example.com", "d=example.com;"), ("ann@news.example.com", "d=news.example.com;"),
            ("ann@a.b.news.example.com", "d=news.example.com;"), ("ann@shop.example.com", "d=example.com;"),
            ("ann@müller.example", "d=xn--mller-kva.example;"), ("ann@post.xn--mller-kva.example", "d=xn--mller-kva.example;"),
            ("ann@notexample.com", nil), ("ann@example.net", nil), ("ann@[192.0.2.1]", nil),
        ] as [(String, String?)])
    func domains(from: String, expected: String?) throws {
        try put("example.com/s1.pem")
        try put("News.Example.com/s2.pem")
        try put("Müller.example/s3.pem")
        try put("README", "not a key")
        let keyring = try DKIMKeyring(reading: folder.url)
        let message = Array("From: \(from)\r\n\r\nx\r\n".utf8)
        let signed = try keyring.sign(message, from: .test(from), at: Timestamp(microseconds: 0))
        if let expected {
            #expect(String(decoding: signed, as: UTF8.self).contains(expected))
        } else {
            #expect(signed == message)
        }
    }

    @Test("what the composer makes is signed to the last byte, its one-click unsubscribing too, and is the same at every attempt")
    func composed() throws {
        try put("example.com/s1.pem")
        let composer = Composer(
            publicURL: "http://t.example", keys: .test, returnPath: .from, dkim: try DKIMKeyring(reading: folder.url))
        let content = Content.test()
        let messages = try (1...2).map { attempt in
            let job = Job.test(attempt: attempt, audience: .mass, content: try content.hash)
            return try composer.compose(job, try PreparedContent(content), attachments: []).bytes
        }
        #expect(messages[0] == messages[1])
        let text = String(decoding: messages[0], as: UTF8.self)
        #expect(text.hasPrefix("DKIM-Signature: v=1; a=ed25519-sha256;"))
        #expect(text.contains("\r\nList-Unsubscribe: ") && text.contains("\r\nList-Unsubscribe-Post: "))
        let record = try DKIMKey(pem: Self.key.get(), selector: "s1").record
        #expect(try DKIMOracle(records: ["s1._domainkey.example.com": record]).dkimpy([messages[0]]) == [["ed25519-sha256"]])
    }

    @Test("a key that others may use is refused", arguments: [0o640, 0o604, 0o644, 0o660, 0o622, 0o610, 0o777])
    func modes(mode: Int) throws {
        try put("example.com/s1.pem", mode: mode)
        let octal = String(mode, radix: 8)
        #expect(
            complaints() == [
                "example.com/s1.pem has the mode 0\(octal), so others than its owner may use it; run: chmod 600 s1.pem."
            ])
    }

    @Test("an owner's read-only key and what is hidden or no key do no harm")
    func harmless() throws {
        try put("example.com/s1.pem", mode: 0o400)
        try put("example.com/..data/x.pem", "hidden", mode: 0o644)
        try put("example.com/notes.txt", "text", mode: 0o644)
        #expect(complaints() == [])
    }

    @Test("everything that is wrong is said at once, each with its file")
    func wrong() throws {
        try put("stray.pem")
        try put("example.com/bad selector.pem")
        try put("example.com/text.pem", "no key")
        try put("example.org/notes.txt", "text")
        try put("Dup.example/s1.pem")
        try put("dup.example/s2.pem")
        try put("not_a_domain/s1.pem")
        let small = try ChildProcess.run("/usr/bin/openssl", ["genrsa", "1024"])
        try put("example.net/small.pem", Self.pem(in: small))
        let tiny = try ChildProcess.run("/usr/bin/openssl", ["genrsa", "768"])
        try put("example.net/tiny.pem", Self.pem(in: tiny))
        #expect(
            complaints() == [
                "dup.example is a second folder for dup.example: put the keys into one.",
                "example.com/bad selector.pem is not named after a selector, such as waybill-rsa.pem.",
                "example.com/text.pem holds no RSA or Ed25519 private key in PEM form without a passphrase.",
                "example.net/small.pem is an RSA key of 1024 bits; make one of 2048 to 4096.",
                "example.net/tiny.pem is an RSA key of less than 1024 bits; make one of at least 2048.",
                "example.org has no key: put a .pem file there, or remove the folder.",
                "not_a_domain is a folder of keys that is not named after a domain, such as example.com.",
                "stray.pem belongs in a folder that is named after its domain.",
            ])
    }

    @Test(
        "keys as openssl writes them are read: PKCS #8 and PKCS #1",
        arguments: [["genrsa", "2048"], ["genrsa", "-traditional", "2048"], ["genpkey", "-algorithm", "ed25519"]])
    func formats(arguments: [String]) throws {
        try put("example.com/s1.pem", Self.pem(in: try ChildProcess.run("/usr/bin/openssl", arguments)))
        #expect(complaints() == [])
    }

    @Test(
        "the sender does not start with a folder of keys that is named and missing, or has a bad key; unnamed it need not be there")
    func settings() throws {
        func complaints(_ keys: String?) -> [String] {
            var settings = Settings(environment: [
                "WAYBILL_SECRET": TrackingKeys.testSecret, "WAYBILL_DATA": folder.path + "data", "WAYBILL_DKIM_KEYS": keys ?? "",
            ])
            do {
                _ = try SenderConfiguration(&settings)
                return []
            } catch {
                return (error as? SettingsError)?.complaints ?? ["\(error)"]
            }
        }
        #expect(complaints(nil) == [])
        #expect(complaints(folder.path + "none") == ["WAYBILL_DKIM_KEYS: \(folder.path)none/ is no folder that can be read."])
        try put("data/dkim/example.com/s1.pem", mode: 0o644)
        #expect(complaints(nil).count == 1)
        #expect(
            complaints(nil).first?.hasPrefix("WAYBILL_DKIM_KEYS: \(folder.path)data/dkim/example.com/s1.pem has the mode 0644")
                == true)
    }

    /// What stands in a program's output besides its chatter.
    private static func pem(in output: Data) -> String {
        String(decoding: output, as: UTF8.self).components(separatedBy: "\n").drop { !$0.hasPrefix("-----BEGIN") }.joined(
            separator: "\n")
    }
}
