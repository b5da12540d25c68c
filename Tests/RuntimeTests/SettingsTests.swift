import Foundation
import Runtime
import Support
import Testing

struct SettingsTests {
    private func complaints(_ environment: [String: String], _ ask: (inout Settings) -> Void) -> [String] {
        var settings = Settings(environment: environment)
        ask(&settings)
        do {
            try settings.check()
            return []
        } catch let error as SettingsError {
            return error.complaints
        } catch {
            return ["\(error)"]
        }
    }

    @Test("every problem is told at once, each with its variable, what is wrong and what would be right")
    func allAtOnce() {
        let found = complaints([
            "WAYBILL_PORT": "eighty", "WAYBILL_WAIT": "-3", "WAYBILL_LISTEN": "localhost", "WAYBILL_PUBLIC_URL": "mail.example.com",
            "WAYBILL_SECRET_FILE": "/no/such/file", "WAYBILL_DATA": "/proc/none",
        ]) { settings in
            _ = settings.int("WAYBILL_PORT", default: 25, in: 1...65535)
            _ = settings.seconds("WAYBILL_WAIT", default: .seconds(30), in: 1...3600)
            _ = settings.listen("WAYBILL_LISTEN", default: ListenAddress(host: "127.0.0.1", port: 8080))
            _ = settings.webURL("WAYBILL_PUBLIC_URL", default: "http://localhost:8080")
            _ = settings.secret("WAYBILL_SECRET")
            _ = settings.folder("WAYBILL_DATA", default: "data")
            _ = settings.string("WAYBILL_AMQP_URL")
            settings.complain("A rule of one's own is broken.")
        }
        #expect(
            found == [
                #"WAYBILL_PORT is "eighty". It must be a whole number from 1 to 65535, such as 25."#,
                #"WAYBILL_WAIT is "-3". It must be a number of seconds from 1 to 3600, such as 30."#,
                #"WAYBILL_LISTEN is "localhost". It must be an address and a port, such as 127.0.0.1:8080, [::1]:8080 or :8080."#,
                #"WAYBILL_PUBLIC_URL is "mail.example.com". It must be an http or https address without query, such as https://mail.example.com."#,
                #"WAYBILL_SECRET_FILE names "/no/such/file", which cannot be read; check that it exists and that this program may read it."#,
                #"WAYBILL_DATA is "/proc/none", where a folder can be neither found nor made. Name one, such as /var/lib/waybill."#,
                "WAYBILL_AMQP_URL is not set. It says where RabbitMQ is, such as amqp://user:password@localhost:5672/.",
                "A rule of one's own is broken.",
            ])
    }

    @Test("good values are taken as they are, and empty ones count as none")
    func good() throws {
        let folder = try TemporaryFolder()
        var settings = Settings(environment: [
            "A": "text", "B": "7", "C": "90", "D": "[::1]:0", "E": folder.path + "new/deep", "F": "https://mail.example.com/",
            "G": "",
        ])
        #expect(settings.string("A") == "text")
        #expect(settings.int("B", default: 1, in: 0...9) == 7)
        #expect(settings.seconds("C", default: .seconds(1), in: 0...100) == .seconds(90))
        #expect(settings.listen("D", default: ListenAddress(host: "x", port: 1)) == ListenAddress(host: "::1", port: 0))
        #expect(settings.folder("E", default: "x").path(percentEncoded: false) == folder.path + "new/deep/")
        #expect(FileManager.default.fileExists(atPath: folder.path + "new/deep"))
        #expect(settings.webURL("F", default: "x") == "https://mail.example.com")
        #expect(settings.string("G", default: "other") == "other")
        #expect(settings.secretIfPresent("H") == nil)
        try settings.check()
    }

    @Test("a secret comes from its variable or from its file, never from both")
    func secrets() throws {
        let folder = try TemporaryFolder()
        func file(_ name: String, _ data: Data) throws -> String {
            try data.write(to: folder.url.appending(path: name))
            return folder.path + "/" + name
        }
        var settings = Settings(environment: [
            "A": "direct", "B_FILE": try file("b", Data("from file\nsecond line\r\n\n".utf8)), "C": "x",
            "C_FILE": try file("c", Data("y".utf8)),
            "D_FILE": try file("d", Data("\n".utf8)), "E_FILE": try file("e", Data([0xFF, 0xFE])),
            "F_FILE": try file("f", Data(repeating: 0x41, count: 70_000)), "G_FILE": folder.path,
        ])
        #expect(settings.secret("A") == "direct")
        #expect(settings.secret("B") == "from file\nsecond line")
        for key in ["C", "D", "E", "F", "G", "H"] { #expect(settings.secret(key) == "") }
        let error = #expect(throws: SettingsError.self) { try settings.check() }
        let complaints = error?.complaints ?? []
        #expect(complaints.count == 6)
        #expect(complaints.first == "Both C and C_FILE are set. Set one of them.")
        #expect(complaints.last == "Neither H nor H_FILE is set. This service cannot start without it.")
        #expect(!"\(complaints)".contains("direct") && !"\(complaints)".contains("from file"))
    }

    @Test("what was asked is on record, with its default, so that the documentation can be held against it")
    func questions() {
        var settings = Settings(environment: [:])
        _ = settings.seconds("W", default: .seconds(30), in: 1...60)
        _ = settings.secretIfPresent("S")
        _ = settings.secret("T", default: "sandbox")
        _ = settings.intIfPresent("X", in: 1...60)
        _ = settings.secretIfPresent("S")
        _ = settings.listen("L", default: ListenAddress(host: "::", port: 80))
        #expect(
            settings.questions.map { [$0.key, $0.default, $0.isSecret ? "secret" : nil] } == [
                ["W", "30", nil], ["S", nil, "secret"], ["T", "sandbox", "secret"], ["X", nil, nil], ["L", "[::]:80", nil],
            ])
    }

    @Test(
        "listen addresses",
        arguments: [
            ("127.0.0.1:80", ListenAddress(host: "127.0.0.1", port: 80)), ("[::1]:65535", ListenAddress(host: "::1", port: 65535)),
            (":8080", ListenAddress(host: "0.0.0.0", port: 8080)),
            ("mail.example.com:0", ListenAddress(host: "mail.example.com", port: 0)),
            ("::1:80", nil), ("80", nil), ("localhost", nil), ("localhost:", nil), ("localhost:65536", nil), ("localhost:+80", nil),
            ("lo cal:80", nil), ("[localhost]:80", nil), ("a/b:80", nil), ("", nil),
        ] as [(String, ListenAddress?)])
    func listenAddress(text: String, expected: ListenAddress?) {
        #expect(ListenAddress(text) == expected)
    }

    @Test(
        "web addresses that would break links are refused",
        arguments: [
            "ftp://x.example", "https://", "https://x?q=1", "https://x#f", "https://u:p@x", "javascript:alert(1)",
            "https://ex ample", "//x",
        ])
    func badURL(text: String) {
        #expect(complaints(["U": text]) { _ = $0.webURL("U", default: "http://localhost") }.count == 1)
    }
}
