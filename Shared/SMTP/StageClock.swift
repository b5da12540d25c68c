import NIOCore

/// Tells when a wait has lasted too long. Made for waits that are short and many and hardly ever too long: to begin one costs no
/// timer as long as one is set that fires earlier.
final class StageClock {
    private let loop: NIOIsolatedEventLoop
    private let expired: (Duration) -> Void
    private var wait: Duration?
    private var deadline = NIODeadline.now()
    private var timer: (scheduled: Scheduled<Void>, at: NIODeadline)?

    /// - Parameter expired: Called on the event loop with the wait that was too long.
    init(_ loop: any EventLoop, expired: @escaping (Duration) -> Void) {
        self.loop = loop.assumeIsolated()
        self.expired = expired
    }

    /// Begins a wait, or none, in place of the one before.
    func wait(_ wait: Duration?) {
        self.wait = wait
        guard let wait else { return }
        deadline = .now() + TimeAmount(wait)
        if let timer, timer.at <= deadline { return }
        set()
    }

    func stop() {
        wait = nil
        timer?.scheduled.cancel()
        timer = nil
    }

    private func set() {
        timer?.scheduled.cancel()
        let scheduled = loop.scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            fire()
        }
        timer = (scheduled, deadline)
    }

    private func fire() {
        timer = nil
        guard let wait else { return }
        guard deadline <= .now() else { return set() }
        self.wait = nil
        expired(wait)
    }
}
