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
        /// Whether it will wake up by itself, soon enough for a patient command.
        var isNapping = false
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

    /// - Parameter isPatient: Whether the command may wait for the end of a nap: to wake the thread costs more than many a command.
    /// - Returns: Whether the thread will see the command.
    func post(_ command: Command, isPatient: Bool = false) -> Bool {
        let (isTaken, mustWake) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.commands.append(command)
            guard state.isAsleep, !(isPatient && state.isNapping) else { return (true, false) }
            state.isAsleep = false
            return (true, true)
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

    /// - Parameter isNap: Whether the thread will wake up by itself, soon enough for patient commands.
    /// - Returns: Whether there is nothing to do, so that the thread may wait for ``wakeup``.
    func fallAsleep(isNap: Bool = false) -> Bool {
        state.withLock { state in
            state.isAsleep = state.commands.isEmpty
            state.isNapping = isNap
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
