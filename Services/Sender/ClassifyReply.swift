import ArgumentParser
import Foundation
import Mail
import Runtime

struct ClassifyReply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what servers' replies mean.",
        discussion: """
            Reads replies from standard input, one a line, as they stand in a log, and prints one JSON line for each: what happened \
            (class and reason), what it means for the address, whether the reply leaves no doubt, and what to do.
            """)

    func run() async throws {
        // Not readLine(): bytes that are not UTF-8 must come through, and a line has no end that memory could rely on.
        var lines = LineReader(FileHandle.standardInput)
        while let line = try lines.next() {
            try FileHandle.standardOutput.write(contentsOf: try Wire.encode(Answer(line)) + Data("\n".utf8))
        }
    }

    struct Answer: Encodable {
        let reply: String
        let `class`: BounceClass
        let reason: BounceReason
        let suppress: Suppression
        let certain: Bool
        let advice: String

        init(_ reply: String) {
            let verdict = ReplyClassifier.verdict(on: reply)
            self.reply = reply
            `class` = verdict.class
            reason = verdict.reason
            suppress = verdict.suppress
            certain = verdict.certain
            advice = verdict.advice
        }
    }
}
