import Foundation
import Glibc
import Synchronization

/// Stands between one program and RabbitMQ: every AMQP method that passes is shown to the test first, which may let it pass, act once
/// it has passed, or keep it and end the connection.
package final class BrokerTap: Sendable {
    /// One method on its way.
    package struct Passing: Hashable, Sendable {
        package enum Way: Sendable { case toBroker, toClient }

        package let way: Way
        package let method: Method
        /// Of a message that is published or delivered; empty otherwise.
        package let routingKey: String
        /// From 1, in the order of connecting.
        package let connection: Int
    }

    /// The methods that tests care about.
    package enum Method: Hashable, Sendable { case publish, deliver, ack, other }

    package enum Verdict: Sendable {
        case pass
        /// Neither this nor anything after it passes; the connection ends.
        case keep
        /// Passes, then this is done before anything else passes in its direction.
        case passThen(@Sendable () -> Void)
    }

    package let port: Int
    private let brokerPort: Int
    private let listener: Int32
    private let judge: @Sendable (Passing) -> Verdict
    private let state = Mutex(State())

    private struct State {
        var connections = 0
        var open: [LoopbackSocket] = []
        var isStopped = false
    }

    /// - Parameters:
    ///   - brokerPort: Of 127.0.0.1, without TLS.
    ///   - judge: Asked about each method, from the thread that carries it.
    package init(to brokerPort: Int, _ judge: @escaping @Sendable (Passing) -> Verdict) throws {
        self.brokerPort = brokerPort
        self.judge = judge
        (listener, port) = try LoopbackSocket.listen()
        Thread.detachNewThread { self.acceptAll() }
    }

    /// Ends all connections and takes no more.
    package func stop() {
        let open = state.withLock { state in
            state.isStopped = true
            return state.open
        }
        shutdown(listener, Int32(SHUT_RDWR))
        open.forEach { $0.shutDown() }
    }

    private func acceptAll() {
        while true {
            let accepted = accept(listener, nil, nil)
            guard accepted >= 0, !state.withLock({ $0.isStopped }) else { break }
            let client = LoopbackSocket(accepted: accepted)
            do {
                let broker = try LoopbackSocket(port: brokerPort, receiveTimeout: 3600)
                let number = state.withLock { state in
                    state.connections += 1
                    state.open += [client, broker]
                    return state.connections
                }
                Thread.detachNewThread { self.carry(.toBroker, from: client, to: broker, number) }
                Thread.detachNewThread { self.carry(.toClient, from: broker, to: client, number) }
            } catch {
                // The broker is away, which the program finds out by being turned away.
                client.shutDown()
            }
        }
        close(listener)
    }

    private func carry(_ way: Passing.Way, from: LoopbackSocket, to: LoopbackSocket, _ connection: Int) {
        do {
            // The client begins with eight bytes that are no frame.
            if way == .toBroker { try to.send(try from.receive(exactly: 8)) }
            while true {
                var frame = try from.receive(exactly: 7)
                let size = frame[3..<7].reduce(0) { $0 << 8 | Int($1) }
                frame += try from.receive(exactly: size + 1)
                guard frame[0] == 1, size >= 4 else {
                    try to.send(frame)
                    continue
                }
                let (method, key) = Self.read(frame)
                switch judge(Passing(way: way, method: method, routingKey: key, connection: connection)) {
                case .pass: try to.send(frame)
                case .keep: throw Trouble("The test keeps it.")
                case .passThen(let act):
                    try to.send(frame)
                    act()
                }
            }
        } catch {
            // One side has gone or was to be cut off: so is the other.
            from.shutDown()
            to.shutDown()
        }
    }

    private static func read(_ frame: Data) -> (Method, routingKey: String) {
        var rest = frame.dropFirst(11)
        func text() -> String {
            let length = Int(rest.popFirst() ?? 0)
            defer { rest = rest.dropFirst(length) }
            return String(decoding: rest.prefix(length), as: UTF8.self)
        }
        switch frame[7..<11].reduce(0, { $0 << 8 | UInt32($1) }) {
        case 0x003C_0028:
            rest = rest.dropFirst(2)
            _ = text()
            return (.publish, text())
        case 0x003C_003C:
            _ = text()
            rest = rest.dropFirst(9)
            _ = text()
            return (.deliver, text())
        case 0x003C_0050: return (.ack, "")
        default: return (.other, "")
        }
    }
}
