import Foundation

/// The system's time zone files (package tzdata), which are newer than what Foundation carries.
package enum ZoneFiles {
    package static let root = "/usr/share/zoneinfo"
    /// The largest file that is read, in bytes; the real ones have a few thousand.
    static let largest = 256 * 1024

    /// The bytes of the TZif file (RFC 9636) of a zone.
    /// - Parameter name: Such as `Europe/Berlin`. Hostile names are refused, never followed out of ``root``.
    package static func load(_ name: String) throws(ZoneError) -> [UInt8] {
        guard isName(name) else { throw .unknown(name) }
        guard access(root, X_OK) == 0 else { throw .missing }
        guard let resolved = realpath(root + "/" + name, nil) else { throw .unknown(name) }
        defer { free(resolved) }
        guard String(cString: resolved).hasPrefix(root + "/") else { throw .unknown(name) }
        let descriptor = open(resolved, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unknown(name) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= largest else {
            throw .unknown(name)
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes[filled...].withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            filled += count
        }
        guard filled == bytes.count, bytes.starts(with: Array("TZif".utf8)) else { throw .unknown(name) }
        return bytes
    }

    private static func isName(_ name: String) -> Bool {
        guard (1...64).contains(name.utf8.count), !name.hasPrefix("/"), !name.contains("..") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}

package enum ZoneError: Error, Hashable, CustomStringConvertible {
    case unknown(String)
    /// The machine has no time zone files at all.
    case missing

    package var description: String {
        switch self {
        case .unknown(let name): "There is no time zone called \(name.debugDescription); zones have names such as Europe/Berlin."
        case .missing: "The time zone files under \(ZoneFiles.root) are missing. Install the package tzdata."
        }
    }
}
