import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Turns the refusals that Hummingbird writes by itself into problem documents. Pages and problem documents pass as they are.
enum ProblemRewrite {
    static func apply(to response: Response) async throws -> Response {
        guard response.status.code >= 400 else { return response }
        let type = response.headers[.contentType] ?? ""
        let isEmpty = response.body.contentLength == 0
        guard isEmpty || type.hasPrefix("application/json") else { return response }
        let text = isEmpty ? nil : try await message(of: response)
        let status = response.status
        var headers = response.headers
        for name in [HTTPField.Name.contentType, .contentLength] { headers[name] = nil }
        return try Problem(status, title(status), detail: text ?? detail(status), headers: headers).response()
    }

    private struct Plain: Decodable {
        let error: Message

        struct Message: Decodable {
            let message: String
        }
    }

    private static func message(of response: Response) async throws -> String? {
        let collected = Collector()
        try await response.body.write(collected)
        let body = Data(collected.buffer.readableBytesView)
        do {
            return try JSONDecoder().decode(Plain.self, from: body).error.message
        } catch is DecodingError {
            return nil
        }
    }

    private static func title(_ status: HTTPResponse.Status) -> String {
        let phrase = status.reasonPhrase
        return phrase.isEmpty ? "Refused" : phrase
    }

    private static func detail(_ status: HTTPResponse.Status) -> String {
        switch status {
        case .notFound: "There is nothing at this address."
        case .badRequest: "The request is not right: one of its parts cannot be read."
        case .contentTooLarge: "The body is larger than what is taken here."
        default: "The request was refused."
        }
    }

    private final class Collector: ResponseBodyWriter {
        var buffer = ByteBuffer()

        func write(_ part: ByteBuffer) async throws { buffer.writeImmutableBuffer(part) }
        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
