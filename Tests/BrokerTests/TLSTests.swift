import Foundation
import Logging
import Mail
import Support
import Testing

@testable import Broker

@Suite("TLS")
struct TLSTests {
    private func status(of url: String, authorities: String?, until isSeen: @escaping @Sendable (ConnectionStatus) -> Bool)
        async throws
    {
        let publisher = Publisher(to: try BrokerAddress(url, authorities: authorities), app: "test", logger: .quiet)
        try await running(publisher) {
            try await eventually(within: .seconds(10), "the status is as expected; it is \(publisher.status)") {
                isSeen(publisher.status)
            }
        }
    }

    @Test("a broker whose certificate is right is trusted, and messages go through")
    func trusted() async throws {
        let node = try await RabbitMQNode.shared
        let url = "amqps://guest:guest@localhost:\(node.securePort)"
        let address = try BrokerAddress(url, authorities: node.authorities)
        let publisher = Publisher(to: address, app: "test", logger: .quiet)
        try await running(publisher) {
            try await within(.seconds(20)) {
                try await publisher.publish(
                    .test(body: String(repeating: "x", count: 300_000)), to: Names.commands, routingKey: Names.claimsKey)
            }
        }
    }

    @Test("a broker with another name in its certificate is refused")
    func wrongHost() async throws {
        let node = try await RabbitMQNode.shared
        try await status(of: "amqps://guest:guest@127.0.0.1:\(node.securePort)", authorities: node.authorities) {
            guard case .disconnected(let reason) = $0 else { return false }
            return reason.contains("hostname")
        }
    }

    @Test("a broker whose certificate nobody we know has signed is refused")
    func unknownAuthority() async throws {
        let node = try await RabbitMQNode.shared
        try await status(of: "amqps://guest:guest@localhost:\(node.securePort)", authorities: nil) {
            guard case .disconnected(let reason) = $0 else { return false }
            return reason.contains("cert")
        }
    }

    @Test("a broker that speaks no TLS is refused")
    func plain() async throws {
        let node = try await RabbitMQNode.shared
        try await status(of: "amqps://guest:guest@localhost:\(node.port)", authorities: node.authorities) {
            guard case .disconnected(let reason) = $0 else { return false }
            return reason.contains("SSL")
        }
    }

    @Test("an authorities file that is missing is named")
    func missingAuthorities() async throws {
        try await status(of: "amqps://guest:guest@localhost:1", authorities: "/nowhere/ca.pem") {
            guard case .disconnected(let reason) = $0 else { return false }
            return reason.contains("/nowhere/ca.pem")
        }
    }

    @Test(
        "a server whose certificate has expired or that speaks only TLS 1.1 is refused",
        arguments: [(-1, []), (2, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])] as [(Int, [String])])
    func unfit(days: Int, options: [String]) async throws {
        let folder = try TemporaryFolder()
        func path(_ name: String) -> String { folder.path + "/" + name }
        func key(_ name: String) -> [String] {
            ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path("\(name).key"), "-out"]
        }
        try "subjectAltName = DNS:localhost\n".write(toFile: path("names"), atomically: true, encoding: .utf8)
        try openssl(["req", "-x509", "-subj", "/CN=authority"] + key("ca") + [path("ca.pem")]).waitUntilExit()
        try openssl(["req", "-new", "-subj", "/CN=localhost"] + key("server") + [path("server.csr")]).waitUntilExit()
        try openssl([
            "x509", "-req", "-in", path("server.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-days", "\(days)",
            "-extfile", path("names"), "-out", path("server.pem"),
        ]).waitUntilExit()
        let port = try Ports.free()
        let server = try openssl(
            ["s_server", "-quiet", "-accept", "\(port)", "-cert", path("server.pem"), "-key", path("server.key")] + options)
        defer { server.terminate() }
        try await eventually("the server listens") {
            do {
                _ = try LoopbackSocket(port: port)
                return true
            } catch is Trouble {
                return false
            }
        }
        try await status(of: "amqps://localhost:\(port)", authorities: path("ca.pem")) {
            guard case .disconnected(let reason) = $0 else { return false }
            return reason.contains(days < 0 ? "cert" : "SSL")
        }
    }

    private func openssl(_ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }
}
