import CRabbitMQ
import Glibc
import Synchronization

/// Brings commands to a connection's own thread, and wakes it.
final class CommandRing<Command: Sendable>: Sendable {
    enum Stop: Comparable {
        case no
        /// Finish what is under way first.
        case drained
        case atOnce
    }

    private struct State {
        var commands: [Command] = []
        var isAsleep = false
        var isClosed = false
        var stop = Stop.no
    }

    private let state = Mutex(State())
    /// Readable when the thread is to wake up.
    let wakeup: Int32

    init() {
        wakeup = crabbitmq_eventfd()
    }

    deinit { Glibc.close(wakeup) }

    /// - Returns: Whether the thread will see the command.
    func post(_ command: Command) -> Bool {
        let (isTaken, mustWake) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.commands.append(command)
            defer { state.isAsleep = false }
            return (true, state.isAsleep)
        }
        if mustWake { crabbitmq_eventfd_raise(wakeup) }
        return isTaken
    }

    func post(stop: Stop) {
        state.withLock { $0.stop = max($0.stop, stop) }
        crabbitmq_eventfd_raise(wakeup)
    }

    var stop: Stop { state.withLock { $0.stop } }

    func take() -> [Command] {
        state.withLock { state in
            state.isAsleep = false
            guard !state.commands.isEmpty else { return [] }
            let commands = state.commands
            state.commands = []
            state.commands.reserveCapacity(commands.count)
            return commands
        }
    }

    /// - Returns: Whether there is nothing to do, so that the thread may wait for ``wakeup``.
    func fallAsleep() -> Bool {
        state.withLock { state in
            state.isAsleep = state.commands.isEmpty
            return state.isAsleep
        }
    }

    /// Takes no further command.
    /// - Returns: Those not yet taken.
    func close() -> [Command] {
        state.withLock { state in
            state.isClosed = true
            defer { state.commands = [] }
            return state.commands
        }
    }

}
