import HTTPTypes
import Hummingbird

/// The log of one delivery as a text file, written part by part so that memory stays the same however many attempts there were.
struct DeliveryLogFile: Sendable {
    let history: History
    let log: DeliveryLog

    /// Steps read at once: with conversations of 16 KiB, less than a megabyte.
    private static let stepsTogether = 50

    /// - Parameters:
    ///   - fields: Headers to be sent besides the content type.
    ///   - isAttachment: Whether a browser is to save it rather than show it.
    func response(_ fields: HTTPFields = [:], isAttachment: Bool = false) -> Response {
        var fields = fields
        fields[.contentType] = "text/plain; charset=utf-8"
        fields[.xContentTypeOptions] = "nosniff"
        fields[.cacheControl] = "no-store"
        fields[.contentDisposition] = "\(isAttachment ? "attachment" : "inline"); filename=\"delivery-\(log.delivery.id).txt\""
        return Response(
            status: .ok, headers: fields,
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: log.head))
                var rest = log.steps[...]
                while !rest.isEmpty {
                    let facts = try await history.facts(numbered: Array(rest.prefix(Self.stepsTogether)))
                    try await writer.write(ByteBuffer(string: facts.map(DeliveryLog.text).joined()))
                    rest = rest.dropFirst(Self.stepsTogether)
                }
                try await writer.finish(nil)
            })
    }
}
