import Glibc
import Synchronization

/// Lets another thread end a library call that hangs.
///
/// librabbitmq can wait for ever in a publish when the broker stops reading. Shutting the socket down makes the call fail; closing it
/// there would be a race for the descriptor's number, so only the owner ever closes it.
final class StallGuard: Sendable {
    private struct State {
        var socket: Int32?
        var deadline: ContinuousClock.Instant?
        var isOpening = false
        /// No connection is wanted any more.
        var isClosed = false
    }

    private let state = Mutex(State())

    func watch(_ socket: Int32) {
        state.withLock {
            $0.socket = socket
            $0.isOpening = true
            if $0.isClosed { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    func opened() { state.withLock { $0.isOpening = false } }

    /// To be called before the socket is closed.
    func forget() { state.withLock { $0 = State(isClosed: $0.isClosed) } }

    func begin(within limit: Duration) {
        let deadline = ContinuousClock.now + limit
        state.withLock { $0.deadline = deadline }
    }

    func end() { state.withLock { $0.deadline = nil } }

    /// Ends a call that is past its deadline. `true` where there was one.
    func endStalledCall(at now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            guard let socket = state.socket, let deadline = state.deadline, deadline <= now else { return false }
            shutdown(socket, Int32(SHUT_RDWR))
            state.deadline = nil
            return true
        }
    }

    /// Ends a handshake that is under way.
    func endOpening() {
        state.withLock { state in
            if let socket = state.socket, state.isOpening { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Ends whatever goes on, and every connection that is still to come.
    func endForGood() {
        state.withLock { state in
            state.isClosed = true
            if let socket = state.socket { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }
}
