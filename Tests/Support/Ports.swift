import Foundation
import Synchronization

/// TCP ports of this machine.
package enum Ports {
    /// A port of 127.0.0.1 that nothing listens on and that nobody else of this process was given. Below the range from which the
    /// system serves outgoing connections, so that it stays free while a program that listens on it is restarted.
    ///
    /// Prefer port 0 wherever the program under test tells which port it got.
    package static func free() throws -> Int {
        for _ in 0..<1000 {
            let port = Int.random(in: 15_000...32_000)
            if given.withLock({ $0.insert(port).inserted }), isFree(port) { return port }
        }
        throw POSIXError(.EADDRINUSE)
    }

    private static let given = Mutex<Set<Int>>([])

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
