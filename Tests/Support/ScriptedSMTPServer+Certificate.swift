import Foundation
package import NIOSSL

/// A certificate for tests that trusts itself, made by `openssl` in a folder of its own that goes with it.
package final class TestCertificate: Sendable {
    private let folder: URL
    /// The PEM file that a client has to trust.
    package var file: String { folder.appending(path: "certificate.pem").path }
    package var keyFile: String { folder.appending(path: "key.pem").path }

    /// - Parameters:
    ///   - name: The DNS name that it is for.
    ///   - isExpired: Whether its time is over.
    package init(name: String = "localhost", isExpired: Bool = false) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "certificate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // OpenSSL 3.0 makes no certificate that has ended; one that was made at the turn of the century has.
        try ChildProcess.run(
            isExpired ? "/usr/bin/faketime" : "/usr/bin/openssl",
            (isExpired ? ["2000-01-01", "/usr/bin/openssl"] : []) + [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
                "-addext", "subjectAltName=DNS:\(name)", "-keyout", folder.appending(path: "key.pem").path,
                "-out", folder.appending(path: "certificate.pem").path,
            ])
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { print("Cannot remove \(folder.path): \(error)") }
    }

    /// For a server.
    package func context() throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(file).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
        return try NIOSSLContext(configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
    }
}
