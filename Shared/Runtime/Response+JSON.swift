package import HTTPTypes
package import Hummingbird
import Mail
import NIOCore

extension Response {
    /// A JSON answer with sorted keys.
    package static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/json; charset=utf-8"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: try Wire.encode(value))))
    }
}
