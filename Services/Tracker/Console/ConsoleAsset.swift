import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// A file that pages refer to. It is part of the program, so that it is there wherever the binary is; its name carries its hash, so
/// that a browser may keep it for ever.
struct ConsoleAsset: Sendable {
    let path: String
    let type: String
    let text: String

    private init(_ name: String, _ ending: String, type: String, text: String) {
        let hash = SHA256.hash(data: Data(text.utf8)).prefix(6).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
            .joined()
        path = "/assets/\(name)-\(hash).\(ending)"
        self.type = type
        self.text = text
    }

    static let style = ConsoleAsset("console", "css", type: "text/css; charset=utf-8", text: ConsoleStyle.css)
    static let script = ConsoleAsset("console", "js", type: "text/javascript; charset=utf-8", text: ConsoleScript.javaScript)
    static let mark = ConsoleAsset(
        "mark", "svg", type: "image/svg+xml",
        text: """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" fill="none" stroke="#5a70d6" stroke-width="1.75" \
            stroke-linejoin="round" stroke-linecap="round"><path d="M4 2.5h8.5L16 6v11.5H4z"/><path d="M7 9h6M7 12h6"/><circle cx="14.5" cy="15.5" r="3.2" fill="#5a70d6" stroke="none"/></svg>
            """)

    static let all = [style, script, mark]

    var response: Response {
        Response(
            status: .ok,
            headers: [
                .contentType: type, .cacheControl: "public, max-age=31536000, immutable", .xContentTypeOptions: "nosniff",
            ],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
