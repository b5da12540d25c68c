import Logging
import Mail
import Metrics
import Runtime
import ServiceLifecycle
import Store
import Synchronization

/// Makes hits durable before they are answered: all that arrive while one transaction is written share the next.
///
/// From the spool's outbox they go to the broker whenever it is there. Where the disk does not take them in time they wait in memory, a
/// bounded number of them, and the answer goes out all the same: a reader's page must not hang on our disk.
final class HitSpool: Service, Sendable {
    /// The most hits that wait for the disk.
    static let mostWaiting = 20_000
    private static let mostTogether = 1000

    private struct Waiting: Sendable {
        let fact: Fact
        let done: AsyncStream<Void>.Continuation
    }

    private let store: StoreFile
    private let time: TimeSource
    private let logger: Logger
    private let patience: Duration
    private let waiting = Mutex<[Waiting]>([])
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    private let kept = Counter(label: "waybill_hits_total", dimensions: [("outcome", "kept")])
    private let late = Counter(label: "waybill_hits_total", dimensions: [("outcome", "answered-before-kept")])
    private let lost = Counter(label: "waybill_hits_total", dimensions: [("outcome", "lost")])

    /// - Parameter patience: The longest that an answer waits for the disk.
    init(store: StoreFile, patience: Duration = .milliseconds(500), time: TimeSource = .system, logger: Logger) {
        self.store = store
        self.patience = patience
        self.time = time
        self.logger = logger
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Returns once the hit is on disk, or when patience is at its end.
    func keep(_ fact: Fact) async {
        let (stream, done) = AsyncStream<Void>.makeStream()
        let isTaken = waiting.withLock { waiting in
            guard waiting.count < Self.mostWaiting else { return false }
            waiting.append(Waiting(fact: fact, done: done))
            return true
        }
        guard isTaken else {
            lost.increment()
            return
        }
        waker.yield()
        let isKept = await withTaskGroup { group in
            group.addTask {
                for await _ in stream { return true }
                return false
            }
            group.addTask { [time, patience] in
                do { try await time.sleep(patience) } catch { return false }
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        if !isKept { late.increment() }
    }

    func run() async throws {
        for await _ in wake.cancelOnGracefulShutdown() { await writeAll() }
        // The public server has stopped by now; what it took is written before we go.
        await writeAll()
    }

    private func writeAll() async {
        while true {
            let batch = waiting.withLock { Array($0.prefix(Self.mostTogether)) }
            guard !batch.isEmpty else { return }
            do {
                try await store.write { database in try Outbox.put(batch.map(\.fact), in: database) }
            } catch {
                logger.error("hits cannot be kept now, trying again", metadata: ["error": "\(error)", "waiting": "\(batch.count)"])
                guard !Task.isShuttingDownGracefully, !Task.isCancelled else {
                    lost.increment(by: batch.count)
                    return
                }
                do { try await time.sleep(.seconds(1)) } catch { return }
                continue
            }
            waiting.withLock { $0.removeFirst(batch.count) }
            kept.increment(by: batch.count)
            for hit in batch {
                hit.done.yield()
                hit.done.finish()
            }
        }
    }
}
