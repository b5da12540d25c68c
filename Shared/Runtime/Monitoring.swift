import HTTPTypes
import Hummingbird
import Metrics
import NIOCore

/// `/healthz`, `/readyz` and `/metrics`: for orchestrators and Prometheus, without a token, on private ports only.
struct Monitoring: Sendable {
    let readiness: Readiness

    /// The answer, where `path` is one of the three.
    func response(path: String) throws -> Response? {
        switch path {
        case "/healthz": try .json(["status": "alive"], headers: Self.headers)
        case "/readyz": try ready()
        case "/metrics":
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
                body: .init(byteBuffer: ByteBuffer(string: Telemetry.metrics.text() + ProcessFigures.text())))
        default: nil
        }
    }

    private static let headers: HTTPFields = [.cacheControl: "no-store"]

    private struct Answer: Encodable {
        let status: String
        let missing: [Need]

        struct Need: Encodable {
            let name: String
            let trouble: String
        }
    }

    private func ready() throws -> Response {
        let missing = readiness.troubles().map { Answer.Need(name: $0.name, trouble: $0.trouble) }
        return try .json(
            Answer(status: missing.isEmpty ? "ready" : "not ready", missing: missing),
            status: missing.isEmpty ? .ok : .serviceUnavailable, headers: Self.headers)
    }
}
