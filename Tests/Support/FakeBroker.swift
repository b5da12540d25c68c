package import Foundation
import Glibc
import Synchronization

/// A peer that speaks just enough AMQP 0-9-1 to be taken for a broker, until its script has it do otherwise.
///
/// Everything it needs to know of a connection it learns from the frames; it declares, binds and confirms whatever it is asked to.
package final class FakeBroker: Sendable {
    package enum Reaction: Sendable {
        /// As a broker does.
        case usual
        /// These bytes in place of the usual answer, then on as before.
        case send(Data)
        case sendAndClose(Data)
        /// The usual answer, then these bytes.
        case usualAndSend(Data)
        case close
        /// Neither reads nor answers any more, and keeps the connection.
        case freeze
    }

    /// What a client said when it settled deliveries.
    package struct Settled: Hashable, Sendable {
        package let connection: Int
        package let tag: UInt64
        package let multiple: Bool
    }

    private struct State {
        var connections = 0
        var open: [Int: LoopbackSocket] = [:]
        var published = 0
        var settled: [Settled] = []
        var isStopped = false
    }

    package let port: Int

    private let listener: Int32
    private let script: @Sendable (UInt32, Int) -> Reaction
    private let heartbeat: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - heartbeat: Proposed to clients, in seconds. The fake sends none itself.
    ///   - script: What to do about a method (class in the upper, method in the lower 16 bits; 0 for a new connection; a publish once its
    ///     body is there) on the n-th connection, from 1.
    package init(
        heartbeat: Int = 10, _ script: @escaping @Sendable (_ method: UInt32, _ connection: Int) -> Reaction = { _, _ in .usual }
    )
        throws
    {
        self.script = script
        self.heartbeat = heartbeat
        (listener, port) = try LoopbackSocket.listen()
        Thread.detachNewThread { self.acceptAll() }
    }

    package var url: String { "amqp://guest:guest@127.0.0.1:\(port)" }
    package var connections: Int { state.withLock { $0.connections } }
    package var published: Int { state.withLock { $0.published } }
    package var settled: [Settled] { state.withLock { $0.settled } }

    /// Sends bytes on every connection that is open.
    package func send(_ bytes: Data) throws {
        for socket in state.withLock({ Array($0.open.values) }) { try socket.send(bytes) }
    }

    /// Ends all connections and takes no more.
    package func stop() {
        let open = state.withLock { state in
            state.isStopped = true
            return Array(state.open.values)
        }
        shutdown(listener, Int32(SHUT_RDWR))
        open.forEach { $0.shutDown() }
    }

    private func acceptAll() {
        while true {
            let accepted = accept(listener, nil, nil)
            guard accepted >= 0, !state.withLock({ $0.isStopped }) else { break }
            let socket = LoopbackSocket(accepted: accepted)
            let number = state.withLock { state in
                state.connections += 1
                state.open[state.connections] = socket
                return state.connections
            }
            Thread.detachNewThread {
                do {
                    try self.serve(socket, number)
                } catch {
                    // The client has gone, which is for the test to notice.
                }
                socket.shutDown()
                self.state.withLock { $0.open[number] = nil }
            }
        }
        close(listener)
    }

    private func serve(_ socket: LoopbackSocket, _ number: Int) throws {
        _ = try socket.receive(exactly: 8)
        let start = Self.method(10, 10, [0, 9] + Self.long(0) + Self.longText("PLAIN") + Self.longText("en_US"), channel: 0)
        guard try react(0, number, start, socket) else { return }
        var tag: UInt64 = 0
        var publishing: Int?
        while true {
            let head = Array(try socket.receive(exactly: 7))
            let channel = UInt16(head[1]) << 8 | UInt16(head[2])
            let size = head[3...6].reduce(0) { $0 << 8 | Int($1) }
            let payload = Array(try socket.receive(exactly: size + 1).dropLast())
            switch head[0] {
            case 1:
                let method = payload[..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                if method == 0x003C_0028 { continue }
                note(method, payload, number)
                guard try react(method, number, usualAnswer(method, payload, channel), socket) else { return }
                if method == 0x000A_0032 { return }
            case 2:
                publishing = payload[4..<12].reduce(0) { $0 << 8 | Int($1) }
            case 3:
                publishing = (publishing ?? 0) - payload.count
            default: continue
            }
            if publishing == 0 {
                publishing = nil
                tag += 1
                state.withLock { $0.published += 1 }
                guard try react(0x003C_0028, number, Self.ack(tag), socket) else { return }
            }
        }
    }

    private func note(_ method: UInt32, _ payload: [UInt8], _ number: Int) {
        guard method == 0x003C_0050, payload.count >= 13 else { return }
        let tag = payload[4..<12].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        state.withLock { $0.settled.append(Settled(connection: number, tag: tag, multiple: payload[12] & 1 == 1)) }
    }

    /// - Returns: Whether the connection goes on.
    private func react(_ method: UInt32, _ number: Int, _ usual: Data, _ socket: LoopbackSocket) throws -> Bool {
        switch script(method, number) {
        case .usual:
            try socket.send(usual)
            return true
        case .send(let bytes):
            try socket.send(bytes)
            return true
        case .usualAndSend(let bytes):
            try socket.send(usual + bytes)
            return true
        case .sendAndClose(let bytes):
            try socket.send(bytes)
            return false
        case .close:
            return false
        case .freeze:
            while !state.withLock({ $0.isStopped }) { usleep(20_000) }
            return false
        }
    }

    private func usualAnswer(_ method: UInt32, _ payload: [UInt8], _ channel: UInt16) -> Data {
        switch method {
        case 0x000A_000B: Self.method(10, 30, [0, 0] + Self.long(131_072) + Self.short(UInt16(heartbeat)), channel: 0)
        case 0x000A_0028: Self.method(10, 41, [0], channel: 0)
        case 0x000A_0032: Self.method(10, 51, channel: 0)
        case 0x0014_000A: Self.method(20, 11, Self.long(0), channel: channel)
        case 0x0014_0028: Self.method(20, 41, channel: channel)
        case 0x0028_000A: Self.method(40, 11, channel: channel)
        case 0x0032_000A:
            Self.method(50, 11, Array(payload[6..<(7 + Int(payload[6]))]) + Self.long(0) + Self.long(0), channel: channel)
        case 0x0032_0014: Self.method(50, 21, channel: channel)
        case 0x0055_000A: Self.method(85, 11, channel: channel)
        case 0x003C_000A: Self.method(60, 11, channel: channel)
        case 0x003C_0014: Self.method(60, 21, Self.shortText("tag"), channel: channel)
        case 0x003C_001E: Self.method(60, 31, Self.shortText("tag"), channel: channel)
        default: Data()
        }
    }
}

/// Frames, for scripts.
extension FakeBroker {
    package static func frame(_ type: UInt8, channel: UInt16 = 1, _ payload: [UInt8], size: UInt32? = nil, end: UInt8 = 0xCE)
        -> Data
    {
        Data([type] + short(channel) + long(size ?? UInt32(payload.count)) + payload + [end])
    }

    package static func method(_ group: UInt16, _ number: UInt16, _ arguments: [UInt8] = [], channel: UInt16 = 1) -> Data {
        frame(1, channel: channel, short(group) + short(number) + arguments)
    }

    package static func ack(_ tag: UInt64, multiple: Bool = false) -> Data { method(60, 80, longLong(tag) + [multiple ? 1 : 0]) }
    package static func nack(_ tag: UInt64) -> Data { method(60, 120, longLong(tag) + [0]) }

    /// A content header.
    package static func header(bodyBytes: UInt64, properties: [UInt8] = [0, 0], group: UInt16 = 60) -> Data {
        frame(2, short(group) + short(0) + longLong(bodyBytes) + properties)
    }

    package static func body(_ bytes: [UInt8]) -> Data { frame(3, bytes) }

    package static func deliver(tag: UInt64) -> Data {
        method(60, 60, shortText("tag") + longLong(tag) + [0] + shortText("") + shortText("key"))
    }

    /// A whole message with a body of one frame.
    package static func delivery(tag: UInt64, body: [UInt8]) -> Data {
        deliver(tag: tag) + header(bodyBytes: UInt64(body.count)) + Self.body(body)
    }

    package static func channelClose(_ code: UInt16, _ text: String) -> Data {
        method(20, 40, short(code) + shortText(text) + [0, 60, 0, 40])
    }

    package static func connectionClose(_ code: UInt16, _ text: String) -> Data {
        method(10, 50, short(code) + shortText(text) + [0, 0, 0, 0], channel: 0)
    }

    package static func short(_ value: UInt16) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    package static func long(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    package static func longLong(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    package static func shortText(_ text: String) -> [UInt8] { [UInt8(truncatingIfNeeded: text.utf8.count)] + text.utf8 }
    package static func longText(_ text: String) -> [UInt8] { long(UInt32(text.utf8.count)) + text.utf8 }
}
