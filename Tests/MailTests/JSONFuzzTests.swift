import Foundation
import Mail
import Testing

/// Our coder beside Foundation's, on documents that chance makes and spoils.
@Suite("JSON text beside Foundation's")
struct JSONFuzzTests {
    /// Any JSON value, as either coder reads it.
    private enum Tree: Codable, Hashable {
        case nothing, flag(Bool), whole(Int), decimal(Double), text(String)
        case list([Tree]), object([String: Tree])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .nothing
            } else if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let whole = try? container.decode(Int.self) {
                self = .whole(whole)
            } else if let decimal = try? container.decode(Double.self) {
                self = .decimal(decimal)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let list = try? container.decode([Tree].self) {
                self = .list(list)
            } else {
                self = .object(try container.decode([String: Tree].self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .nothing: try container.encodeNil()
            case .flag(let flag): try container.encode(flag)
            case .whole(let whole): try container.encode(whole)
            case .decimal(let decimal): try container.encode(decimal)
            case .text(let text): try container.encode(text)
            case .list(let list): try container.encode(list)
            case .object(let object): try container.encode(object)
            }
        }
    }

    private struct Chance {
        var random: Seeded

        mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

        mutating func tree(depth: Int = 0) -> Tree {
            switch below(depth < 5 ? 8 : 5) {
            case 0: .nothing
            case 1: .flag(below(2) == 0)
            case 2: .whole([0, -1, 7, Int.max, Int.min, below(1_000_000)][below(6)])
            case 3: .decimal([0.1, -2.5, 1e300, .leastNonzeroMagnitude, 1e21, Double(below(1000)) + 0.125][below(6)])
            case 4, 5: .text(text())
            case 6: .list((0..<below(5)).map { _ in tree(depth: depth + 1) })
            default: .object(Dictionary((0..<below(5)).map { _ in (text(), tree(depth: depth + 1)) }) { $1 })
            }
        }

        private mutating func text() -> String {
            let pieces = [
                "", "a", "name", "\"", "\\", "/", "\n", "\u{0}", "\u{1f}", "\u{7f}", "ü", "€", "😀", "\u{2028}", "\u{FFFF}", " ",
            ]
            return (0..<below(24)).map { _ in pieces[below(pieces.count)] }.joined()
        }

        /// A few bytes changed, put in, taken out or repeated, most of them such as mean something to a parser.
        mutating func spoil(_ text: Data) -> Data {
            var bytes = [UInt8](text)
            let telling = Array(#"{}[]",:\/u0123456789abcdefDd8.eE+-tfn "#.utf8) + [0, 0x0A, 0x1F, 0x7F, 0x80, 0xC3, 0xED, 0xFF]
            for _ in 0...below(3) {
                let at = below(bytes.count + 1)
                let byte = telling[below(telling.count)]
                switch below(4) {
                case 0 where at < bytes.count: bytes[at] = byte
                case 1 where at < bytes.count: bytes.remove(at: at)
                case 2 where at < bytes.count: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 1 + below(8))], at: at)
                default: bytes.insert(byte, at: at)
                }
            }
            return Data(bytes)
        }
    }

    /// Sorted, as ours are.
    private static func foundation(_ tree: Tree) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(tree)
    }

    @Test("what we write, both read alike; what Foundation writes, we read alike, spaces and all", arguments: 1...8)
    func written(seed: UInt64) throws {
        var chance = Chance(random: Seeded(seed))
        for _ in 0..<30 {
            let tree = chance.tree()
            let text = try JSONText.write(tree)
            #expect(try JSONText.read(Tree.self, from: text) == tree)
            #expect(try JSONDecoder().decode(Tree.self, from: text) == tree)
            #expect(try JSONText.read(Tree.self, from: Self.foundation(tree)) == tree)
            let pretty = JSONEncoder()
            pretty.outputFormatting = .prettyPrinted
            #expect(try JSONText.read(Tree.self, from: try pretty.encode(tree)) == tree)
        }
    }

    @Test("a spoilt document is refused by both or means the same to both", arguments: 1...8)
    func spoilt(seed: UInt64) throws {
        var chance = Chance(random: Seeded(seed &* 1000))
        var refused = 0
        for _ in 0..<150 {
            let text = chance.spoil(try JSONText.write(chance.tree()))
            let ours = Result { try JSONText.read(Tree.self, from: text) }
            let theirs = Result { try JSONDecoder().decode(Tree.self, from: text) }
            switch (ours, theirs) {
            case (.success(let one), .success(let other)):
                #expect(one == other, "\(String(decoding: text, as: UTF8.self).debugDescription)")
            case (.failure, .failure): refused += 1
            case (.failure, .success):
                // Foundation reads a number that stands alone as far as a zero byte.
                #expect(text.contains(0), "\(String(decoding: text, as: UTF8.self).debugDescription)")
            case (.success, .failure):
                Issue.record("Foundation refuses \(String(decoding: text, as: UTF8.self).debugDescription)")
            }
        }
        #expect(refused > 40)
    }

    @Test("a spoilt fact is read or refused in words, and never as another fact than Foundation sees", arguments: 1...4)
    func facts(seed: UInt64) throws {
        var chance = Chance(random: Seeded(seed &* 77))
        let delivery = DeliveryID.derived(from: "d")
        let fact = Fact(
            id: .derived(from: "f"), organization: "studio", occurredAt: Timestamp(microseconds: 1_790_000_000_123_456),
            body: .attemptDeferred(
                AttemptEnded(
                    delivery: delivery, mailing: .derived(from: "m"), attempt: 2, session: .derived(from: "s"),
                    reply: ServerReply(code: 452, enhanced: "4.2.2", text: "full \"ü\"\n"),
                    verdict: Verdict(class: .soft, reason: .mailboxFull, certain: true), retryAfterSeconds: 60,
                    transcript: "S: 220\r\nC: EHLO")))
        let text = try Wire.encode([fact])
        #expect(try Wire.facts(kind: fact.kind.rawValue, version: 1, body: text) == [fact])
        for _ in 0..<600 {
            let spoilt = chance.spoil(text)
            guard let read = try? Wire.facts(kind: fact.kind.rawValue, version: 1, body: spoilt).first else { continue }
            guard case .list(let list)? = try? JSONDecoder().decode(Tree.self, from: spoilt), case .object(let object)? = list.first
            else {
                Issue.record("Foundation reads no list of objects in \(String(decoding: spoilt, as: UTF8.self).debugDescription)")
                continue
            }
            #expect(object["organization"] == .text(read.organization))
            guard case .attemptDeferred(let ended) = read.body else { continue }
            #expect(object["attempt"].map { [.whole(ended.attempt), .decimal(Double(ended.attempt))].contains($0) } == true)
            #expect(ended.transcript.map(Tree.text) ?? .nothing == object["transcript"] ?? .nothing)
        }
    }
}
