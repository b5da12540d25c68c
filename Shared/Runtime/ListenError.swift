import Foundation
import NIOCore

/// A server that cannot open its port.
package enum ListenError: Error, Hashable, CustomStringConvertible {
    case inUse(ListenAddress)
    case notAllowed(ListenAddress)
    case notHere(ListenAddress)
    case other(ListenAddress, reason: String)

    init(_ error: IOError, at address: ListenAddress) {
        self =
            switch error.errnoCode {
            case EADDRINUSE: .inUse(address)
            case EACCES, EPERM: .notAllowed(address)
            case EADDRNOTAVAIL: .notHere(address)
            default: .other(address, reason: String(cString: strerror(error.errnoCode)))
            }
    }

    init(_ error: SocketAddressError, at address: ListenAddress) {
        self = .notHere(address)
    }

    package var description: String {
        switch self {
        case .inUse(let address):
            "Port \(address.port) is in use: another program listens on \(address). Stop it, or choose another listen address."
        case .notAllowed(let address):
            "This program may not listen on \(address); ports below 1024 need rights. Choose another listen address."
        case .notHere(let address):
            "\(address.host) is not an address of this machine. Choose another listen address, such as 127.0.0.1:\(address.port)."
        case .other(let address, let reason):
            "Cannot listen on \(address): \(reason). Choose another listen address."
        }
    }
}
