package import Foundation
import Glibc

/// A blocking TCP socket on the loopback address, for scripts in tests. Use it from a thread of its own.
package final class LoopbackSocket: Sendable {
    private let descriptor: Int32

    package init(port: Int, receiveTimeout seconds: Int = 30) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Trouble("No socket: errno \(errno)") }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in.loopback(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            // `deinit` closes: it runs for an object that is complete, also where its init throws.
            throw Trouble("Nothing listens on port \(port): errno \(errno)")
        }
    }

    /// Takes over a socket that was accepted.
    init(accepted descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// A socket that listens on a free port.
    static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in.loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) + Glibc.listen(descriptor, 64) + getsockname(descriptor, $0, &size)
            }
        }
        guard result == 0 else { throw Trouble("Cannot listen: errno \(errno)") }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Wakes whoever waits in this socket; may be called from any thread.
    package func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    package func receive(exactly count: Int) throws -> Data {
        var all = Data()
        while all.count < count {
            let some = try receive(upTo: count - all.count)
            guard !some.isEmpty else { throw Trouble("The peer is gone.") }
            all.append(some)
        }
        return all
    }

    package func send(_ data: Data) throws {
        var rest = data
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { throw Trouble("Cannot send: errno \(errno)") }
            rest = rest.dropFirst(sent)
        }
    }

    package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// What has arrived, waiting for the first byte; empty at the end.
    package func receive(upTo count: Int) throws -> Data {
        var buffer = [UInt8](repeating: 0, count: count)
        let received = recv(descriptor, &buffer, count, 0)
        guard received >= 0 else { throw Trouble("Cannot receive: errno \(errno)") }
        return Data(buffer[..<received])
    }

    package func receiveAll() throws -> Data {
        var all = Data()
        while true {
            let some = try receive(upTo: 65_536)
            if some.isEmpty { return all }
            all.append(some)
        }
    }
}

extension sockaddr_in {
    package static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
