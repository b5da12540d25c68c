import Foundation
import HTTPTypes
package import Hummingbird
import Mail
package import NIOCore

extension Request {
    /// Reads the JSON body into `type`, refusing more than `limit` bytes (413), other content types (415), malformed JSON (400) and
    /// wrong or unknown fields (422), each as a ``Problem``.
    package func decodeJSON<Value: Decodable>(_ type: Value.Type, upTo limit: Int, context: WebContext) async throws -> Value {
        guard hasJSONBody else {
            throw Problem(
                .unsupportedMediaType, "Unsupported media type",
                detail: "The body must be JSON in UTF-8, with the header Content-Type: application/json.")
        }
        let body = Data(try await bytes(upTo: limit).readableBytesView)
        guard !body.isEmpty else {
            throw Problem(.badRequest, "Malformed JSON", detail: "The body is empty; it should be a JSON object.")
        }
        do {
            return try JSONText.read(type, from: body)
        } catch let error as DecodingError {
            throw Problem(
                .unprocessableContent, "Invalid body", detail: error.sentence,
                faults: [.init(pointer: error.pointer, detail: error.sentence)])
        } catch JSONText.Fault.tooDeep {
            throw Problem(
                .badRequest, "Malformed JSON", detail: "The JSON is nested deeper than \(JSONText.deepestNesting) levels.")
        } catch {
            throw Problem(.badRequest, "Malformed JSON", detail: "The body is not valid JSON.")
        }
    }

    /// The whole body.
    /// - Throws: ``Problem`` 413 where it has more than `limit` bytes: at once where the length is announced.
    package func bytes(upTo limit: Int) async throws -> ByteBuffer {
        let tooLarge = Problem(
            .contentTooLarge, "Body too large", detail: "The body has more than \(limit) bytes, the most that is taken here.")
        if let announced = headers[.contentLength].flatMap({ Int($0) }), announced > limit { throw tooLarge }
        do {
            return try await body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    private var hasJSONBody: Bool {
        guard let header = headers[.contentType]?.lowercased() else { return false }
        let parts = header.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
        guard let media = parts.first, media == "application/json" || (media.hasPrefix("application/") && media.hasSuffix("+json"))
        else { return false }
        return parts.dropFirst().allSatisfy { !$0.hasPrefix("charset=") || $0.hasSuffix("utf-8") || $0.hasSuffix("utf-8\"") }
    }
}
