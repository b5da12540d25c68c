import Broker
import Foundation
import GRDB
import Logging
import Mail
import Metrics
import Runtime
import ServiceLifecycle
import Store

/// The single writer of the history: takes facts from the broker, a whole batch in one transaction, and acks once it is on disk.
///
/// What cannot be read goes to the dead letters with the reason; nothing holds up what comes after it.
struct Recorder: Service {
    let consumer: Consumer
    let publisher: Publisher
    let store: StoreFile
    let live: LiveUpdates
    let time: TimeSource
    let logger: Logger

    private static let gathering = Duration.milliseconds(20)

    private let recorded = Counter(label: "waybill_facts_recorded_total")
    private let refused = Counter(label: "waybill_facts_unreadable_total")
    private let failed = Counter(label: "waybill_history_write_failures_total")
    private let writing = Metrics.Timer(label: "waybill_history_write_seconds")

    init(consumer: Consumer, publisher: Publisher, store: StoreFile, live: LiveUpdates, time: TimeSource = .system, logger: Logger)
    {
        self.consumer = consumer
        self.publisher = publisher
        self.store = store
        self.live = live
        self.time = time
        self.logger = logger
    }

    /// The consumer runs inside, so that at shutdown it goes on settling for as long as there is something to record.
    func run() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await consumer.run() }
            group.addTask {
                // Setting aside waits for the broker, and what is readable must not wait with it. Bounded by the prefetch.
                await withDiscardingTaskGroup { aside in
                    for await batch in consumer.batches {
                        let (readable, unreadable) = Self.read(batch)
                        for (incoming, reason) in unreadable { aside.addTask { await setAside(incoming, reason: reason) } }
                        for (incoming, reason) in await record(readable) {
                            aside.addTask { await setAside(incoming, reason: reason) }
                        }
                        // Where much comes, a mail's facts gather, so that one transaction takes them together.
                        if batch.count > 1 { do { try await time.sleep(Self.gathering) } catch { continue } }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    struct Readable: Sendable {
        let incoming: Incoming
        let entries: [FactLog.Entry]
    }

    private static func read(_ batch: [Incoming]) -> (readable: [Readable], unreadable: [(Incoming, String)]) {
        var readable: [Readable] = []
        var unreadable: [(Incoming, String)] = []
        for incoming in batch {
            do {
                readable.append(Readable(incoming: incoming, entries: try entries(of: incoming.message)))
            } catch {
                unreadable.append((incoming, "\(error)"))
            }
        }
        return (readable, unreadable)
    }

    /// The facts in a message.
    static func entries(of message: Message) throws(Wire.Unreadable) -> [FactLog.Entry] {
        guard message.contentType == Wire.contentType else {
            throw Wire.Unreadable("The content type is \(message.contentType.debugDescription); it should be \(Wire.contentType).")
        }
        return try Wire.factsWithText(kind: message.type, version: message.version, body: message.body).map(FactLog.Entry.init)
    }

    /// Records and acks; waits where the disk does not take it now.
    /// - Returns: What can never be recorded, and why.
    private func record(_ batch: [Readable]) async -> [(Incoming, String)] {
        guard !batch.isEmpty else { return [] }
        var wait = Duration.milliseconds(500)
        while true {
            do {
                let start = ContinuousClock.now
                try await write(batch)
                writing.record(duration: start.duration(to: .now))
                return []
            } catch  where Self.isAboutTheData(error) {
                // One message is to blame; alone, it holds up nobody else.
                guard batch.count > 1 else { return [(batch[0].incoming, "It cannot be recorded: \(error)")] }
                var refused: [(Incoming, String)] = []
                for one in batch { refused += await record([one]) }
                return refused
            } catch {
                failed.increment()
                logger.error("facts cannot be recorded now, trying again", metadata: ["error": "\(error)", "wait": "\(wait)"])
                // Not acked: at shutdown the broker keeps them.
                guard !Task.isShuttingDownGracefully else { return [] }
                do { try await time.sleep(wait) } catch { return [] }
                wait = min(wait * 2, .seconds(15))
            }
        }
    }

    private func write(_ batch: [Readable]) async throws {
        let entries = batch.flatMap(\.entries)
        let now = time.now()
        let last = try await store.write { database in try Projection.record(entries, at: now, in: database) }
        for readable in batch { readable.incoming.ack() }
        recorded.increment(by: entries.count)
        if last != nil { live.nudge() }
    }

    /// Whether trying again can never help.
    private static func isAboutTheData(_ error: any Error) -> Bool {
        if error is Wire.Unreadable { return true }
        guard let error = error as? DatabaseError else { return false }
        return [.SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG].contains(error.resultCode)
    }

    private func setAside(_ incoming: Incoming, reason: String) async {
        do {
            try await publisher.deadLetter(incoming.message, reason: reason, from: Names.tracker)
            incoming.ack()
            refused.increment()
            logger.warning(
                "a message was set aside in the dead letters",
                metadata: ["message-id": "\(incoming.message.id)", "reason": "\(reason)", "queue": "\(Names.tracker)"])
        } catch {
            // Not acked: it comes again.
            logger.warning(
                "a message could not be set aside", metadata: ["message-id": "\(incoming.message.id)", "error": "\(error)"])
        }
    }
}
