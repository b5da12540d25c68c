package import Broker
import Foundation
import GRDB
package import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// Publishes the outbox in order, facts of one kind batched, and deletes what is confirmed.
///
/// At least once: what was confirmed and not yet deleted when the process died is published again. Stretches of the outbox follow
/// one another; within one, messages travel together. A message that the broker will not take stays, is tried again
/// later, and does not hold up those behind it.
package final class OutboxRelay: Service, Sendable {
    private let store: StoreFile
    private let publisher: Publisher
    private let logger: Logger
    private let times: Times
    private let refused = Mutex(Refused())
    private let waiting: Gauge
    private let isStopping = Mutex(false)

    /// How long the relay waits for what.
    struct Times: Sendable {
        /// Until it looks at the outbox without having been woken.
        var safetyNet = Duration.seconds(30)
        /// Until a refused message is tried again, and after a failure of the file.
        var retry = Duration.seconds(5)
        /// After a look, so that what is committed meanwhile travels together: the broker's cost is per message.
        var gathering = Duration.milliseconds(10)
        /// For what is left once it is to stop.
        var drain = Duration.seconds(5)
    }

    private struct Refused {
        var rows: Set<Int64> = []
        var retryAt = ContinuousClock.now
    }

    package convenience init(store: StoreFile, publisher: Publisher, logger: Logger) {
        self.init(store: store, publisher: publisher, times: Times(), logger: logger)
    }

    init(store: StoreFile, publisher: Publisher, times: Times, logger: Logger) {
        self.store = store
        self.publisher = publisher
        self.times = times
        self.logger = logger
        self.waiting = Gauge(label: "waybill_outbox_rows", dimensions: [("store", store.name)])
    }

    /// Publishes until graceful shutdown, then what is left, a bounded time, where the broker is there. For one task at a time.
    package func run() async throws {
        isStopping.withLock { $0 = false }
        let changes = store.outboxChanges.listen()
        await withTaskGroup { group in
            group.addTask {
                for await _ in changes {
                    await self.publishAll()
                    if self.isStopping.withLock({ $0 }) { return }
                    do { try await Task.sleep(for: self.times.gathering) } catch { return }
                }
            }
            group.addTask { await self.lookNowAndThen() }
            group.addTask {
                do {
                    try await gracefulShutdown()
                    self.isStopping.withLock { $0 = true }
                    self.store.outboxChanges.wake()
                    try await Task.sleep(for: self.times.drain)
                } catch {
                    return  // cancelled: the relay has ended, or everything is to
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// The safety net, and the figure of what waits.
    private func lookNowAndThen() async {
        while !Task.isCancelled {
            do {
                waiting.record(try await store.read { try Outbox.count(in: $0) })
                let isRetrying = refused.withLock { !$0.rows.isEmpty }
                try await Task.sleep(for: isRetrying ? min(times.retry, times.safetyNet) : times.safetyNet)
            } catch is CancellationError {
                return
            } catch {
                await pause(after: error)
            }
            store.outboxChanges.wake()
        }
    }

    private func publishAll() async {
        var cursor: Int64 = 0
        let skipped = rowsToSkip()
        while !Task.isCancelled {
            do {
                let app = store.name
                let start = cursor
                let page = try await store.read { try OutboxPage.read(after: start, without: skipped, app: app, in: $0) }
                guard let page else { return }
                cursor = page.last
                let (confirmed, isOver) = await publish(page)
                await delete(confirmed)
                if isOver || page.isLast { return }
            } catch is CancellationError {
                return
            } catch {
                await pause(after: error)
            }
        }
    }

    private enum Fate: Sendable {
        case confirmed([Int64])
        case refused([Int64])
        case over
    }

    /// - Returns: The rows that the broker has, and whether there is nothing more to be published now.
    private func publish(_ page: OutboxPage) async -> (confirmed: [Int64], isOver: Bool) {
        await withTaskGroup { group in
            for parcel in page.parcels {
                group.addTask { await self.publish(parcel) }
            }
            var confirmed: [Int64] = []
            var isOver = false
            for await fate in group {
                switch fate {
                case .confirmed(let rows): confirmed += rows
                case .refused(let rows): putOff(rows)
                case .over: isOver = true
                }
            }
            return (confirmed, isOver)
        }
    }

    private func publish(_ parcel: OutboxPage.Parcel) async -> Fate {
        do {
            try await publisher.publish(parcel.message, to: parcel.exchange, routingKey: parcel.routingKey)
            return .confirmed(parcel.rows)
        } catch is CancellationError {
            return .over
        } catch BrokerError.shutDown, BrokerError.unconfirmed {
            return .over  // the publisher has stopped
        } catch {
            logger.error(
                "a message in the outbox could not be published and will be tried again", error: error,
                metadata: [
                    "message-id": "\(parcel.message.id)", "exchange": "\(parcel.exchange)", "routing-key": "\(parcel.routingKey)",
                ])
            return .refused(parcel.rows)
        }
    }

    /// Refused rows whose time has not come again.
    private func rowsToSkip() -> Set<Int64> {
        refused.withLock { refused in
            if refused.retryAt <= .now { refused.rows = [] }
            return refused.rows
        }
    }

    private func putOff(_ rows: [Int64]) {
        refused.withLock { refused in
            refused.rows.formUnion(rows)
            refused.retryAt = .now + times.retry
        }
    }

    /// Does not give up while the task lives: rows that stay would be published again.
    private func delete(_ rows: [Int64]) async {
        guard !rows.isEmpty else { return }
        repeat {
            do {
                try await store.write { database in
                    let query = try Query("DELETE FROM outbox WHERE id = ?", in: database)
                    for row in rows { try query.run([.integer(row)]) }
                }
                return
            } catch {
                await pause(after: error)
            }
        } while !Task.isCancelled
    }

    private func pause(after error: any Error) async {
        logger.error("the outbox cannot be worked on just now", error: error)
        do { try await Task.sleep(for: times.retry) } catch { return }
    }
}
