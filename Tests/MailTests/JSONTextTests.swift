import Foundation
import Mail
import Testing

@Suite("JSON text")
struct JSONTextTests {
    private struct Everything: Codable, Hashable {
        var text = "a\"b\\c/\u{8}\u{c}\n\r\t\u{1}ü€😀\u{2028}"
        var whole = Int.min
        var big = UInt64.max
        var small: Int8 = -128
        var decimal = 0.1
        var round = 3.0
        var yes = true
        var data = Data([0, 255, 10])
        var list = [[1, 2], [], [3]]
        var names = ["b": "1", "a": "2", "": "3"]
        var nothing: String?
        var some: String? = "x"
        var inner = Inner()

        struct Inner: Codable, Hashable { var z = 1, a = [Optional<Int>.none, 2] }
    }

    @Test("everything comes back as it went, and Foundation reads it and writes it alike")
    func roundTrip() throws {
        let value = Everything()
        let text = try JSONText.write(value)
        #expect(try JSONText.read(Everything.self, from: text) == value)
        #expect(try JSONDecoder().decode(Everything.self, from: text) == value)
        let foundation = JSONEncoder()
        foundation.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        #expect(String(decoding: text, as: UTF8.self) == String(decoding: try foundation.encode(value), as: UTF8.self))
        foundation.outputFormatting = .prettyPrinted
        #expect(try JSONText.read(Everything.self, from: try foundation.encode(value)) == value)
    }

    @Test("scalars stand alone too")
    func scalars() throws {
        #expect(try JSONText.read(Int.self, from: Data(" 12 ".utf8)) == 12)
        #expect(try JSONText.read([Double].self, from: Data("[1e3,-0.5,0]".utf8)) == [1000, -0.5, 0])
        #expect(try JSONText.read(Int.self, from: Data("1.0e2".utf8)) == 100)
        #expect(try JSONText.read(String.self, from: Data(#""\u00fc\ud83d\ude00\/""#.utf8)) == "ü😀/")
        #expect(try JSONText.write("x") == Data("\"x\"".utf8))
    }

    @Test(
        "what is no JSON is refused, never read as something else",
        arguments: [
            "", " ", "{", "[", "[1,]", "[,1]", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "[1 2]", "nul", "truee", "01",
            "-", "1.", ".5",
            "1e", "+1", "NaN", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
            "\"\\udc00\"", "\"\n\"",
            "[1]]", "[1] x", "\u{FEFF}[]", "'a'", "[1}", "{\"a\":1]", "[\"a\":1]",
        ])
    func malformed(text: String) {
        #expect(throws: JSONText.Fault.malformed) { try JSONText.read([Int].self, from: Data(text.utf8)) }
        for end in 0..<text.utf8.count {
            #expect(throws: (any Error).self) { try JSONText.read(Everything.self, from: Data(text.utf8.prefix(end))) }
        }
    }

    @Test(
        "bytes that are no UTF-8 are refused wherever they stand", arguments: [[0xFF], [0xC3], [0xC0, 0xAF], [0xED, 0xA0, 0x80]])
    func utf8(bytes: [UInt8]) {
        let text = Data("{\"unknown\":\"".utf8) + bytes + Data("\"}".utf8)
        #expect(throws: JSONText.Fault.malformed) { try JSONText.read([String: String].self, from: text) }
    }

    @Test("a text of many names is read in a time that grows with their number only")
    func manyNames() throws {
        let names = (0..<50_000).map { "\"n\($0)\":{\"x\":\($0)}" }.joined(separator: ",")
        let read = try JSONText.read([String: [String: Int]].self, from: Data("{\(names)}".utf8))
        #expect(read.count == 50_000 && read["n49999"] == ["x": 49_999])
    }

    @Test(
        "a value of the wrong type is named by its place",
        arguments: [
            (#"{"z":"x","a":[]}"#, "/z"), (#"{"a":[1,"2"],"z":1}"#, "/a/1"), (#"{"z":1}"#, "/a"), (#"{"z":null,"a":[]}"#, "/z"),
            (#"{"z":1.5,"a":[]}"#, "/z"), (#"{"z":1e400,"a":[]}"#, "/z"), (#"{"z":99999999999999999999,"a":[]}"#, "/z"),
        ])
    func places(text: String, place: String) throws {
        let error = try #require(
            #expect(throws: DecodingError.self) { try JSONText.read(Everything.Inner.self, from: Data(text.utf8)) })
        #expect(error.pointer == place)
    }

    @Test("that no element of a long list is of the wanted type is found in a time that grows with their number only")
    func manyMismatches() throws {
        struct Word: Decodable {
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if (try? container.decode(Bool.self)) != nil { Issue.record("A text was read as true or false.") }
            }
        }
        let list = Data("[\(Array(repeating: "\"x\"", count: 50_000).joined(separator: ","))]".utf8)
        #expect(try JSONText.read([Word].self, from: list).count == 50_000)
    }

    @Test("a record stands within other values, and others within a record, as if it were coded their way")
    func records() throws {
        struct Outer: Codable, Hashable {
            var z = [Ticket(delivery: .derived(from: "d"), attempt: 2)]
            var a: ServerReply? = ServerReply(code: 250, text: "{")
            var n: Ticket?
            var kind = Fact.Kind.attemptStarted
        }
        struct Flat: Encodable {
            func encode(to encoder: any Encoder) throws {
                try ServerReply(code: 250, text: "[").encode(to: encoder)
                var container = encoder.container(keyedBy: JSONKey.self)
                try container.encode(1, forKey: .more)
            }
            enum JSONKey: CodingKey { case more }
        }
        let text = try JSONText.write(Outer())
        #expect(try JSONText.read(Outer.self, from: text) == Outer())
        #expect(try JSONSerialization.jsonObject(with: text) is [String: Any])
        #expect(String(decoding: try JSONText.write(Flat()), as: UTF8.self) == #"{"code":250,"text":"[","more":1}"#)
        #expect(String(decoding: try JSONText.write([["a"], []]), as: UTF8.self) == #"[["a"],[]]"#)
    }

    @Test("elements keep the text they came in")
    func elements() throws {
        let read = try JSONText.readElements([Int].self, from: Data("[ [1, 2] ,[]]".utf8))
        #expect(read.map(\.text) == ["[1, 2]", "[]"] && read.map(\.value) == [[1, 2], []])
    }
}
