import Foundation

/// A TCP client that sends exactly the bytes it is told, as slowly as it is told.
final class RawClient: Sendable {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw POSIXError(.EMFILE) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            let code = errno
            close(descriptor)
            throw POSIXError(POSIXErrorCode(rawValue: code) ?? .ECONNREFUSED)
        }
    }

    /// - Returns: Whether the peer was still taking bytes.
    @discardableResult
    func send(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    /// Whatever comes until the peer closes; `nil` where it does not within `limit`.
    func receiveAll(within limit: Duration) async -> String? {
        let descriptor = descriptor
        return await withCheckedContinuation { continuation in
            // A thread of its own: many wait at once, and what is tested needs the shared ones.
            Thread.detachNewThread {
                let deadline = ContinuousClock.now + limit
                var received: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 65_536)
                while ContinuousClock.now < deadline {
                    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                    guard Foundation.poll(&poll, 1, 20) > 0 else { continue }
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    guard count > 0 else { return continuation.resume(returning: String(decoding: received, as: UTF8.self)) }
                    received += buffer[..<count]
                }
                continuation.resume(returning: nil)
            }
        }
    }

    deinit { close(descriptor) }
}

/// An answer, taken apart.
struct RawAnswer {
    let status: Int
    let headers: [String: String]
    let body: String

    init?(_ text: String) {
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { return nil }
        self.status = status
        headers = lines.dropFirst().reduce(into: [:]) { headers, line in
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        body = String(text[end.upperBound...])
    }

    /// A member of the JSON object that is the body.
    subscript(name: String) -> String? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any] else { return nil }
        return object[name].map { "\($0)" }
    }
}
