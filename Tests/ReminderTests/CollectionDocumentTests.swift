import Foundation
import Mail
import Runtime
import Testing

@testable import Reminder

@Suite("What a collection may be")
struct CollectionDocumentTests {
    @Test("a document is read as it was written, and comes back from its JSON")
    func read() throws {
        let document = try Sample.document()
        #expect(document.name == "Smith wedding")
        #expect(document.reminders == [.init(daysBefore: 7, at: "09:00")])
        #expect(document.audience.fixed.map(\.description) == ["ann@example.net", "bob@example.org"])
        #expect(document.from.name == "Studio")
        #expect(document.text == nil)
        #expect(try Wire.decode(CollectionDocument.self, from: Wire.encode(document)) == document)
        #expect(try Sample.document(["html": nil, "text": #""{{#link}}{{link}}{{/link}}""#, "reminders": "[]"]).reminders.isEmpty)
        #expect(try Sample.document(["text": "null", "from": #"{"address":"a@example.com","name":null}"#]).from.name == nil)
    }

    static let faulty: [(field: String, value: String?, place: String)] =
        [
            ("bogus", "1", "/bogus"), ("a/b~c", "1", "/a~1b~0c"), ("name", nil, "/name"), ("name", "5", "/name"),
            ("name", #""  ""#, "/name"), ("name", #""a\r\nBcc: eve@example.com""#, "/name"), ("name", #""a\u202Eb""#, "/name"),
            ("name", "\"\(String(repeating: "n", count: 201))\"", "/name"), ("link", nil, "/link"),
            ("link", #""javascript:alert(1)""#, "/link"), ("link", #""https://a b""#, "/link"), ("expiresOn", nil, "/expiresOn"),
            ("expiresOn", #""2026-02-29""#, "/expiresOn"), ("expiresOn", #""0001-01-01""#, "/expiresOn"),
            ("expiresOn", "20261224", "/expiresOn"), ("timeZone", nil, "/timeZone"), ("timeZone", #""Europe/Berlni""#, "/timeZone"),
            ("timeZone", #""../../etc/passwd""#, "/timeZone"), ("timeZone", #""tzdata.zi""#, "/timeZone"),
            ("reminders", nil, "/reminders"), ("reminders", "{}", "/reminders"), ("reminders", "[1]", "/reminders/0"),
            ("reminders", #"[{"daysBefore":7}]"#, "/reminders/0/at"),
            ("reminders", #"[{"at":"09:00"}]"#, "/reminders/0/daysBefore"),
            ("reminders", #"[{"daysBefore":-1,"at":"09:00"}]"#, "/reminders/0/daysBefore"),
            ("reminders", #"[{"daysBefore":1.5,"at":"09:00"}]"#, "/reminders/0/daysBefore"),
            ("reminders", #"[{"daysBefore":1e300,"at":"09:00"}]"#, "/reminders/0/daysBefore"),
            ("reminders", #"[{"daysBefore":"7","at":"09:00"}]"#, "/reminders/0/daysBefore"),
            ("reminders", #"[{"daysBefore":7,"at":"9:00"}]"#, "/reminders/0/at"),
            ("reminders", #"[{"daysBefore":7,"at":"24:00"}]"#, "/reminders/0/at"),
            ("reminders", #"[{"daysBefore":7,"at":"-1:00"}]"#, "/reminders/0/at"),
            ("reminders", #"[{"daysBefore":0,"at":"23:59"}]"#, "/reminders/0/at"),
            ("reminders", #"[{"daysBefore":7,"at":"09:00","x":1}]"#, "/reminders/0/x"),
            ("reminders", #"[{"daysBefore":7,"at":"09:00"},{"daysBefore":7,"at":"10:00"}]"#, "/reminders/1/daysBefore"),
            ("audience", nil, "/audience"), ("audience", "[]", "/audience"), ("audience", "{}", "/audience/fixed"),
            ("audience", #"{"fixed":[]}"#, "/audience/fixed"), ("audience", #"{"fixed":["ann"]}"#, "/audience/fixed/0"),
            ("audience", #"{"fixed":["ann@example.net>\r\nRCPT TO:<x@y"]}"#, "/audience/fixed/0"),
            ("audience", #"{"fixed":["ann@example.net","ann@EXAMPLE.net"]}"#, "/audience/fixed/1"),
            ("audience", #"{"fixed":[1]}"#, "/audience/fixed/0"),
            ("audience", #"{"fixed":["a@example.net"],"all":1}"#, "/audience/all"),
            ("from", nil, "/from"), ("from", "{}", "/from/address"), ("from", #"{"address":"a@b"}"#, "/from/address"),
            ("from", #"{"address":"a@example.com","nmae":"x"}"#, "/from/nmae"),
            ("from", #"{"address":"a@example.com","name":"x\r\ny"}"#, "/from/name"), ("subject", nil, "/subject"),
            ("subject", #""""#, "/subject"), ("subject", #""a\nb""#, "/subject"), ("subject", #""{{name}}""#, "/subject"),
            ("html", nil, ""), ("html", "7", "/html"), ("html", #""{{pin}}""#, "/html"), ("html", #""{{#link}}""#, "/html"),
            ("html", #""a\u0000b""#, "/html"), ("html", "\"\(String(repeating: "h", count: (512 << 10) + 1))\"", "/html"),
        ] + [("audience", "{\"fixed\":[\((0..<151).map { "\"a\($0)@example.net\"" }.joined(separator: ","))]}", "/audience/fixed")]

    @Test("a fault is named with its place", arguments: faulty)
    func faults(field: String, value: String?, place: String) {
        let refusal = #expect(throws: CollectionDocument.Refusal.self) { try Sample.document([field: value]) }
        #expect(refusal?.faults.map(\.pointer) == [place], "\(String(describing: refusal))")
    }

    @Test("all faults are named at once")
    func everyFault() {
        let refusal = #expect(throws: CollectionDocument.Refusal.self) {
            try Sample.document(["bogus": "1", "name": nil, "reminders": #"[{"daysBefore":-1,"at":"x"}]"#, "timeZone": #""Mars""#])
        }
        #expect(
            Set(refusal?.faults.map(\.pointer) ?? []) == [
                "/bogus", "/name", "/reminders/0/daysBefore", "/reminders/0/at", "/timeZone",
            ])
    }

    @Test("a document that is no object is refused", arguments: ["[]", "null", "5", "\"x\""])
    func noObject(json: String) throws {
        let tree = try Wire.decode(JSONTree.self, from: Data(json.utf8))
        #expect(throws: CollectionDocument.Refusal.self) { try CollectionDocument(reading: tree) }
    }

    @Test("commands are read, and what is wrong with others is said")
    func commands() throws {
        func command(_ kind: String, _ json: String, version: Int? = 1) throws -> CollectionCommand {
            try CollectionCommand(kind: kind, version: version, body: Data(json.utf8))
        }
        let names = #""organization":"studio","collection":"smith""#
        let document = String(decoding: Sample.json(), as: UTF8.self)
        #expect(
            try command("collection.put", "{\(names),\"document\":\(document)}")
                == .put(organization: "studio", collection: "smith", try Sample.document()))
        #expect(try command("collection.remove", "{\(names)}") == .remove(organization: "studio", collection: "smith"))
        #expect(throws: Wire.Unreadable.self) { try command("collection.burn", "{\(names)}") }
        #expect(throws: Wire.Unreadable.self) { try command("collection.remove", "{\(names)}", version: 2) }
        #expect(throws: Wire.Unreadable.self) { try command("collection.remove", "") }
        #expect(throws: Wire.Unreadable.self) { try command("collection.put", "{\(names)}") }
        for bad in [
            "{}", "{\(names),\"x\":1}", #"{"organization":"","collection":"smith"}"#, #"{"organization":"a","collection":"a b"}"#,
        ] {
            #expect(throws: CollectionDocument.Refusal.self) { try command("collection.remove", bad) }
        }
    }
}
