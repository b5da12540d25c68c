import Foundation
import Support
import Testing

extension EndToEnd {
    /// The same story as people see it: the office in the console, the recipient in the sandbox inbox.
    @Suite("In a browser")
    struct BrowserTests {
        @Test("the console shows a mailing go out, be read and be clicked, without loading anew", .timeLimit(.minutes(3)))
        func story() async throws {
            try await Installation.with { waybill in
                try await waybill.startAll()
                let script = BrowserScript(
                    "story.py",
                    arguments: [
                        waybill.tracker, waybill.inbox, try await waybill.token(), "Your photos are ready", "ann@example.net",
                        "https://example.com/",
                    ])
                try await script.run { line in
                    guard line == "submit" else { return }
                    let accepted = try await waybill.submit(try StoryTests.invite())
                    #expect(accepted.status == 202, "\(accepted.text)")
                }
            }
        }
    }
}
