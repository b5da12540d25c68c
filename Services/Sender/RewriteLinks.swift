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
        var settings = Settings(environment: ProcessInfo.processInfo.environment)
        let secret = settings.secretIfPresent("WAYBILL_SECRET") ?? UUID().uuidString + UUID().uuidString
        let publicURL = settings.webURL("WAYBILL_PUBLIC_URL", default: "http://127.0.0.1:8080")
        guard let keys = TrackingKeys(secret: secret) else {
            throw ValidationError("WAYBILL_SECRET must have at least 32 bytes in each of its lines.")
        }
        try settings.check()
        let html: Data
        if file == "-" {
            html = try FileHandle.standardInput.readToEnd() ?? Data()
        } else {
            do { html = try Data(contentsOf: URL(fileURLWithPath: file)) } catch {
                throw ValidationError("\(file) cannot be read. Name an HTML file.")
            }
        }
        let links = TrackingLinks(
            publicURL: publicURL, keys: keys, organization: "example",
            delivery: .derived(from: "rewrite-links"))
        let rewritten = links.rewrite([UInt8](html), track: Tracking())
        guard map else {
            try FileHandle.standardOutput.write(contentsOf: Data(rewritten.html))
            return
        }
        for link in rewritten.links {
            let line = Line(offset: link.offset, original: link.original, target: link.target, tracking: link.tracking)
            try FileHandle.standardOutput.write(contentsOf: try Wire.encode(line) + Data("\n".utf8))
        }
    }

    private struct Line: Encodable {
        let offset: Int
        let original: String
        let target: String
        let tracking: String
    }
}
