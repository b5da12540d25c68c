import DNS
import Foundation
import Logging
import Mail
import Runtime
import SMTP
import Support

@testable import Sender

/// A transport as the sender would make it from these settings, at work while a test runs.
enum TransportRig {
    static func with<Value: Sendable>(
        _ environment: [String: String], body: @Sendable (SMTPTransport) async throws -> Value
    ) async throws -> Value {
        var settings = Settings(
            environment: ["WAYBILL_HELO": "sender.example", "WAYBILL_SMTP_TIMEOUT": "5"].merging(environment) { $1 })
        let read = TransportSettings(&settings, concurrency: 32)
        try settings.check()
        let transport: SMTPTransport
        switch read.choice {
        case .sandbox: throw Trouble("no transport")
        case .relays(let relays): transport = try SMTPTransport(read, logger: .quiet) { _ in RelayRoutes(relays).find }
        case .mx(let mx):
            let resolver = try Resolver(servers: read.nameServers, wait: .seconds(3), tries: 1)
            transport = try SMTPTransport(read, logger: .quiet) {
                MXRoutes(resolver: resolver, settings: mx, health: $0).find
            }
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await transport.run() }
            let value = try await body(transport)
            group.cancelAll()
            return value
        }
    }

    /// Relays that are these servers, in this order.
    static func relays(_ servers: [ScriptedSMTPServer]) -> [String: String] {
        ["WAYBILL_TRANSPORT": servers.map { "smtp://\($0.host):\($0.port)" }.joined(separator: " ")]
    }
}

extension SMTPTransport {
    func deliver(to recipient: String, number: Int = 0) async -> Handover {
        let mail = OutgoingMail(
            returnPath: "studio@example.com", recipient: .test(recipient),
            bytes: Array("Subject: number \(number)\r\n\r\nbody\r\n".utf8), envelopeID: "delivery-\(number)")
        return await deliver(mail) {}
    }
}

extension Handover {
    /// `accepted`, `refused 550`, `failed`, `failed, may have left`, `unsendable`.
    var summary: String {
        switch outcome {
        case .accepted: "accepted"
        case .refused(let reply, _): "refused \(reply.code)"
        case .failed(_, _, let mayHaveLeft): mayHaveLeft ? "failed, may have left" : "failed"
        case .unsendable: "unsendable"
        }
    }
}
