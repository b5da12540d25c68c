import CRabbitMQ
import Foundation
import Glibc
import Logging
import ServiceLifecycle
import Synchronization

/// Keeps one connection to the broker open, on an operating-system thread that alone touches it.
///
/// librabbitmq blocks and is not thread-safe, so none of it runs on Swift's pool. Commands come over a ring, and what they lead to
/// goes back through continuations.
final class Link<R: Role>: Sendable {
    let ring = CommandRing<R.Command>()
    let timings: Timings

    private let address: BrokerAddress
    private let name: String
    private let use: LinkUse
    private let logger: Logger
    private let makeRole: @Sendable (CommandRing<R.Command>) -> R
    private let guardian = StallGuard()
    private let state = Mutex(ConnectionStatus.disconnected("not started"))

    /// - Parameter makeRole: Called on the connection's thread, with the ring that brings it commands.
    init(
        _ use: LinkUse, to address: BrokerAddress, app: String, timings: Timings, logger: Logger,
        makeRole: @escaping @Sendable (CommandRing<R.Command>) -> R
    ) {
        self.address = address
        self.use = use
        self.timings = timings
        self.makeRole = makeRole
        name = "\(app) \(use.rawValue) (process \(ProcessInfo.processInfo.processIdentifier))"
        var logger = logger
        logger[metadataKey: "connection"] = "\(use.rawValue)"
        self.logger = logger
    }

    var status: ConnectionStatus { state.withLock { $0 } }

    /// Runs until graceful shutdown and drained, or until cancelled. Returns when the thread has ended.
    func run() async {
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await withDiscardingTaskGroup { group in
                    group.addTask { await self.endStalledCalls() }
                    await withCheckedContinuation { continuation in
                        let thread = Thread {
                            self.live()
                            continuation.resume()
                        }
                        thread.name = "amqp-\(use.rawValue)"
                        thread.start()
                    }
                    group.cancelAll()
                }
            } onGracefulShutdown: {
                self.stop(.drained)
            }
        } onCancel: {
            self.stop(.atOnce)
        }
    }

    private func stop(_ stop: CommandRing<R.Command>.Stop) {
        ring.post(stop: stop)
        if stop == .atOnce { guardian.endForGood() } else { guardian.endOpening() }
    }

    /// The watchdog.
    private func endStalledCalls() async {
        do {
            while true {
                try await Task.sleep(for: .milliseconds(500))
                if guardian.endStalledCall(at: .now) {
                    logger.warning("The broker has stopped reading; the connection is given up")
                }
            }
        } catch {
            return  // cancelled: the thread has ended or is about to
        }
    }

    // MARK: - The connection's thread

    private func live() {
        let role = makeRole(ring)
        var backoff = Backoff(ceiling: timings.reconnect)
        var complaint = Complaint()
        var drainEnd: ContinuousClock.Instant?
        while !isOver(role, &drainEnd) {
            var connected: ContinuousClock.Instant?
            do {
                try serve(role, connected: &connected, drainEnd: &drainEnd)
            } catch {
                let reason = reason(for: error)
                note(.disconnected(reason))
                role.lost(error)
                use.countFailure()
                complaint.make(reason, logger)
                if let connected { backoff.note(healthyFor: .now - connected) }
                waitDisconnected(role, for: backoff.wait(chance: .random(in: 0..<1)))
            }
        }
        note(.disconnected("shut down"))
        for command in ring.close() { perform(command, role) }
        role.end()
    }

    private func isOver(_ role: R, _ drainEnd: inout ContinuousClock.Instant?) -> Bool {
        switch ring.stop {
        case .no: return false
        case .atOnce: return true
        case .drained:
            let end = drainEnd ?? .now + timings.drain
            drainEnd = end
            return role.isDrained || .now >= end
        }
    }

    private func serve(
        _ role: R, connected: inout ContinuousClock.Instant?, drainEnd: inout ContinuousClock.Instant?
    ) throws(LinkFailure) {
        let session = try Session(to: address, name: name, timings: timings, guardian: guardian)
        defer { session.end() }
        do {
            try session.declare(.waybill)
            try role.open(on: session)
            connected = .now
            use.countConnect()
            note(.connected)
            logger.notice("Connected to the broker", metadata: ["host": "\(address.host)", "port": "\(address.port)"])
            try exchangeMessages(role, session, &drainEnd)
        } catch  where error.leavesConnectionUsable {
            session.close()
            throw error
        }
        session.close()
        logger.notice("Closed the connection to the broker")
    }

    private func exchangeMessages(
        _ role: R, _ session: Session, _ drainEnd: inout ContinuousClock.Instant?
    ) throws(LinkFailure) {
        var isDraining = false
        while true {
            session.hurry()
            for command in ring.take() { try role.perform(command, on: session) }
            // Before any publish, so that a peer long silent is found here and not in a library call that then waits for ever.
            let isQuiet = try receive(role, session)
            let due = try role.work(on: session, at: .now)
            if ring.stop != .no {
                if !isDraining {
                    isDraining = true
                    try role.drain(on: session)
                }
                if isOver(role, &drainEnd) { return }
            }
            let isNap = due.map { $0 <= .now + timings.linger } ?? false
            guard isQuiet, ring.fallAsleep(isNap: isNap) else { continue }
            session.rest()
            sleep(until: due, session)
        }
    }

    /// - Returns: Whether everything that has arrived was read.
    private func receive(_ role: R, _ session: Session) throws(LinkFailure) -> Bool {
        // Few enough that what has come is handed on while more arrives.
        for _ in 0..<128 {
            guard let event = try session.next() else { return true }
            if case .blockedChanged = event {
                note(session.blocked.map { .blocked($0) } ?? .connected)
                logger.notice(
                    "The broker has changed whether it takes messages", metadata: ["blocked": "\(session.blocked ?? "no")"])
            }
            try role.handle(event, on: session)
        }
        return false
    }

    /// Waits for the peer, for a command or for `due`, and never so long that a heartbeat would come late.
    private func sleep(until due: ContinuousClock.Instant?, _ session: Session) {
        var limit = Duration.milliseconds(max(50, timings.heartbeat * 250))
        if ring.stop != .no { limit = .milliseconds(50) }
        if let due { limit = min(limit, max(.zero, ContinuousClock.now.duration(to: due))) }
        var watched = [
            pollfd(fd: session.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: ring.wakeup, events: Int16(POLLIN), revents: 0),
        ]
        poll(&watched, 2, limit.wholeMilliseconds)
        if watched[1].revents != 0 { crabbitmq_eventfd_clear(ring.wakeup) }
    }

    private func waitDisconnected(_ role: R, for wait: Duration) {
        let end = ContinuousClock.now + wait
        while ring.stop == .no || (ring.stop == .drained && !role.isDrained) {
            for command in ring.take() { perform(command, role) }
            let rest = ContinuousClock.now.duration(to: end)
            guard rest > .zero else { return }
            guard ring.fallAsleep() else { continue }
            // Nobody tells when the last one gives up waiting, so while stopping that is looked for.
            let limit = ring.stop == .no ? rest : min(rest, .milliseconds(50))
            var watched = pollfd(fd: ring.wakeup, events: Int16(POLLIN), revents: 0)
            poll(&watched, 1, limit.wholeMilliseconds)
            crabbitmq_eventfd_clear(ring.wakeup)
        }
    }

    private func perform(_ command: R.Command, _ role: R) {
        do {
            try role.perform(command, on: nil)
        } catch {
            logger.error("A command failed without a connection", metadata: ["reason": "\(error)"])
        }
    }

    private func note(_ status: ConnectionStatus) {
        state.withLock { $0 = status }
        use.gauge(status)
    }

    private func reason(for failure: LinkFailure) -> String {
        switch failure {
        case .library(_, "connecting"), .library(_, "logging in"):
            BrokerError.unreachable(host: address.host, port: address.port, reason: "\(failure)").description
        default: "\(failure)"
        }
    }
}

/// Says why there is no connection: at once when the reason is a new one, then twice a minute.
private struct Complaint {
    private var last: (reason: String, time: ContinuousClock.Instant)?

    mutating func make(_ reason: String, _ logger: Logger) {
        if let last, last.reason == reason, .now - last.time < .seconds(30) { return }
        last = (reason, .now)
        logger.warning("There is no connection to the broker", metadata: ["reason": "\(reason)"])
    }
}

extension Duration {
    /// Rounded up, so that a wait is not over too early; at most a day.
    var wholeMilliseconds: Int32 {
        let (seconds, attoseconds) = min(self, .seconds(86_400)).components
        return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
