package import Foundation

/// What a program asked of the kernel, as strace wrote it down: which calls, with what, when they began and when they were over.
package struct SystemCalls: Sendable {
    package struct Call: Sendable {
        package let name: String
        /// What the first argument stands for: `/data/tracker.sqlite-wal`, `TCP:[127.0.0.1:1->127.0.0.1:2]`.
        package let file: String
        /// Places in the order of everything that was seen of the program: when it began, and when it was over.
        package let began: Int
        package let ended: Int
        /// All arguments as strace writes them, what is not printable escaped.
        let arguments: Data

        /// Every piece of that many bytes that follows the mark in the arguments.
        package func pieces(after mark: String, count: Int) -> [String] {
            var pieces: [String] = []
            var rest = arguments
            while let found = rest.range(of: Data(mark.utf8)) {
                rest = rest[found.upperBound...]
                pieces.append(String(decoding: rest.prefix(count), as: UTF8.self))
            }
            return pieces
        }

        /// The bytes of the first text among the arguments.
        package var bytes: [UInt8] {
            guard let quote = arguments.firstIndex(of: UInt8(ascii: "\"")) else { return [] }
            var bytes: [UInt8] = []
            var rest = arguments[(quote + 1)...]
            while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
                guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
                    bytes.append(byte)
                    continue
                }
                let isOctal = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) }
                if isOctal(next) {
                    var value = Int(next - UInt8(ascii: "0"))
                    for _ in 0..<2 {
                        guard let digit = rest.first, isOctal(digit) else { break }
                        value = value * 8 + Int(digit - UInt8(ascii: "0"))
                        rest = rest.dropFirst()
                    }
                    bytes.append(UInt8(truncatingIfNeeded: value))
                } else {
                    bytes.append(Self.escapes[next] ?? next)
                }
            }
            return bytes
        }

        private static let escapes: [UInt8: UInt8] = [
            UInt8(ascii: "n"): 10, UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11, UInt8(ascii: "f"): 12,
        ]
    }

    /// In the order of their beginning.
    package let all: [Call]

    /// What runs a program under strace, as the same process.
    /// - Parameters:
    ///   - names: The calls to note, parted by commas.
    ///   - bytes: How much of what is written is noted.
    ///   - file: Where to.
    package static func tracer(_ names: String, bytes: Int, to file: URL) -> [String] {
        [
            "/usr/bin/strace", "-D", "-f", "-qq", "-yy", "--seccomp-bpf", "-e", "signal=none", "-s", String(bytes), "-e",
            "trace=\(names)", "-o", file.path,
        ]
    }

    /// Reads what strace wrote of a program that has ended.
    package init(contentsOf file: URL) throws {
        var calls: [Call] = []
        // A call during which another thread did something stands on two lines.
        var open: [Data: (text: Data, at: Int)] = [:]
        let unfinished = Data("<unfinished ...>".utf8)
        let resumed = Data("resumed>".utf8)
        for (place, line) in try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).enumerated() {
            let thread = line.prefix { $0 != UInt8(ascii: " ") }
            var text = line.dropFirst(thread.count).drop { $0 == UInt8(ascii: " ") }
            var began = place
            if text.suffix(unfinished.count) == unfinished {
                open[thread] = (text.dropLast(unfinished.count), place)
                continue
            }
            if text.first == UInt8(ascii: "<"), let start = open.removeValue(forKey: thread),
                let rest = text.prefix(64).range(of: resumed)
            {
                text = start.text + text[rest.upperBound...]
                began = start.at
            }
            if let call = Self.read(text, began: began, ended: place) { calls.append(call) }
        }
        all = calls.sorted { $0.began < $1.began }
    }

    private static func read(_ text: Data, began: Int, ended: Int) -> Call? {
        guard let opening = text.firstIndex(of: UInt8(ascii: "(")) else { return nil }
        let arguments = text[(opening + 1)...]
        let first = String(decoding: arguments.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ")") }, as: UTF8.self)
        let file = first.drop { $0 != "<" }.dropFirst()
        return Call(
            name: String(decoding: text[..<opening], as: UTF8.self), file: String(file.hasSuffix(">") ? file.dropLast() : file),
            began: began, ended: ended, arguments: arguments)
    }
}
