package import HTTPTypes
package import Hummingbird
import Mail
import NIOCore

/// A refusal as RFC 9457 has it: what is wrong, where, and what would be right.
package struct Problem: Error, HTTPResponseError, Sendable {
    package let status: HTTPResponse.Status
    /// Short and always the same for one kind of problem; the document's `type` is made from it.
    package let title: String
    /// About this very case.
    package let detail: String
    /// One entry for each fault found, with a JSON pointer where there is one.
    package let faults: [Fault]
    /// Further headers of the answer, such as `Retry-After`.
    package let headers: HTTPFields

    package struct Fault: Hashable, Sendable, Codable {
        /// RFC 6901: `/recipients/3/address`.
        package let pointer: String?
        package let detail: String

        package init(pointer: String? = nil, detail: String) {
            self.pointer = pointer
            self.detail = detail
        }
    }

    package init(
        _ status: HTTPResponse.Status, _ title: String, detail: String, faults: [Fault] = [], headers: HTTPFields = [:]
    ) {
        self.status = status
        self.title = title
        self.detail = detail
        self.faults = faults
        self.headers = headers
    }

    package static let mediaType = "application/problem+json"

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        try response()
    }

    /// The answer that carries the document.
    package func response() throws -> Response {
        let document = Document(
            type: "urn:waybill:problem:" + Self.slug(title), title: title, status: status.code, detail: detail,
            faults: faults.isEmpty ? nil : faults)
        var headers = headers
        headers[.contentType] = Self.mediaType
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: try Wire.encode(document))))
    }

    private struct Document: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let faults: [Fault]?
    }

    private static func slug(_ title: String) -> String {
        title.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }.joined(separator: "-")
    }
}

extension Problem: CustomStringConvertible {
    package var description: String { "\(status.code) \(title): \(detail)" }
}
