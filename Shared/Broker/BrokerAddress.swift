import Foundation

/// Where the broker is and how to get in, read from an AMQP URL.
package struct BrokerAddress: Hashable, Sendable {
    package let host: String
    package let port: Int
    package let user: String
    package let password: String
    package let virtualHost: String
    package let usesTLS: Bool
    /// PEM file of the authorities to trust; Debian's own where `nil`. TLS only.
    package let authorities: String?

    /// - Parameter url: `amqp://user:password@host:5672/vhost`, or `amqps://…`. User and password are `guest` and the virtual
    ///   host is `/` where the URL names none; reserved characters are percent-encoded.
    /// - Throws: ``BrokerError/badAddress(_:)``, which never repeats the URL: it holds a password.
    package init(_ url: String, authorities: String? = nil) throws(BrokerError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(), ["amqp", "amqps"].contains(scheme)
        else { throw .badAddress("it does not begin with amqp:// or amqps://, or holds characters that must be percent-encoded") }
        guard let host = parts.host, !host.isEmpty else { throw .badAddress("it names no host") }
        guard parts.query == nil, parts.fragment == nil else {
            throw .badAddress("it has a query or a fragment, which mean nothing here")
        }
        let path = parts.path.dropFirst()
        guard !parts.percentEncodedPath.dropFirst().contains("/") else {
            throw .badAddress("its virtual host holds a slash, which is written %2F")
        }
        usesTLS = scheme == "amqps"
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        port = parts.port ?? (usesTLS ? 5671 : 5672)
        guard (1...65_535).contains(port) else { throw .badAddress("its port is not between 1 and 65535") }
        user = parts.user ?? "guest"
        password = parts.password ?? "guest"
        virtualHost = path.isEmpty ? "/" : String(path)
        self.authorities = authorities
        for (name, text) in [("host", self.host), ("user", user), ("password", password), ("virtual host", virtualHost)] {
            guard !text.utf8.contains(0), text.utf8.count <= 255 else {
                throw .badAddress("its \(name) is longer than 255 bytes or holds a zero byte")
            }
        }
    }
}
