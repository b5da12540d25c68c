import ArgumentParser
import Foundation
import Mail
import Runtime

struct RewriteLinks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what tracking makes of an HTML file.",
        discussion: """
            Prints the HTML as a recipient would get it. WAYBILL_SECRET and WAYBILL_PUBLIC_URL are used as in the service; \
            without a secret the links are signed with one that nobody knows and lead nowhere.
            """)

    @Argument(help: "The HTML file; - reads standard input.")
    var file: String

    @Flag(help: "Print one JSON line for each tracked link instead of the HTML.")
    var map = false

    func run() async throws {
        let configuration = try SenderConfiguration.forLooking()
        let html = try InputFile.read(file)
        let links = TrackingLinks(
            publicURL: configuration.publicURL, keys: configuration.common.keys, organization: "example",
            delivery: .derived(from: "rewrite-links"))
        let rewritten = links.rewrite([UInt8](html), track: Tracking())
        guard map else {
            try FileHandle.standardOutput.write(contentsOf: Data(rewritten.html))
            return
        }
        for link in rewritten.links {
            let line = Line(offset: link.offset, original: link.original, tracking: link.tracking)
            try FileHandle.standardOutput.write(contentsOf: try Wire.encode(line) + Data("\n".utf8))
        }
    }

    private struct Line: Encodable {
        /// Where the value begins in the file, in bytes.
        let offset: Int
        /// The value as it stands there.
        let original: String
        let tracking: String
    }
}
