import Dispatch
import Foundation
import GRDB
import Metrics
import Synchronization

/// Writes that come while another is being committed share the next commit, and with it the one wait for the disk.
final class GroupCommit: Sendable {
    /// The most writes in one transaction: bounds how long the first waits for the last.
    private static let largest = 256
    /// How long writes gather before a transaction begins, in microseconds.
    private static let gathering: UInt32 = 1000
    /// The same where the last transaction carried several, for more are on their way then: each transaction costs as much as many
    /// writes.
    private static let gatheringInCompany: UInt32 = 4000

    private struct Job: Sendable {
        let run: @Sendable (Database) throws -> Void
        /// Tells the caller: all is on disk, or why not.
        let finish: @Sendable ((any Error)?) -> Void
    }

    private struct State {
        var queue: [Job] = []
        var isDraining = false
        var isProbing = false
    }

    private let pool: DatabasePool
    private let health: StoreHealth
    let log: WriteAheadLog
    private let state = Mutex(State())
    private let writes: Counter
    private let commitTime: Timer

    init(pool: DatabasePool, health: StoreHealth, name: String) {
        self.pool = pool
        self.health = health
        self.log = WriteAheadLog(of: pool.path, health: health)
        self.writes = Counter(label: "waybill_store_writes_total", dimensions: [("store", name)])
        self.commitTime = Timer(label: "waybill_store_commit_seconds", dimensions: [("store", name)])
    }

    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        let outcome = Outcome<Value>()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            enqueue(
                Job(
                    run: { outcome.value = try body($0) },
                    finish: { error in
                        if let error { continuation.resume(throwing: error) } else { continuation.resume() }
                    }))
        }
        guard let value = outcome.value else { throw CancellationError() }
        return value
    }

    /// What a body returned, on its way to the caller.
    private final class Outcome<Value: Sendable>: Sendable {
        private let box = Mutex<Value?>(nil)

        var value: Value? {
            get { box.withLock { $0 } }
            set { box.withLock { $0 = newValue } }
        }
    }

    private func enqueue(_ job: Job) {
        let mustStart = state.withLock { state in
            state.queue.append(job)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if mustStart { pool.asyncWriteWithoutTransaction { self.drain($0) } }
    }

    private func drain(_ database: Database) {
        var isInCompany = false
        while true {
            // The wait for the disk that follows serves all that come meanwhile.
            usleep(isInCompany ? Self.gatheringInCompany : Self.gathering)
            let jobs = state.withLock { state in
                let jobs = Array(state.queue.prefix(Self.largest))
                state.queue.removeFirst(jobs.count)
                if jobs.isEmpty { state.isDraining = false }
                return jobs
            }
            guard !jobs.isEmpty else { return }
            commit(jobs, in: database)
            isInCompany = jobs.count > 1
            log.keepShort(database)
        }
    }

    /// - Parameter isParting: Gives each a savepoint of its own, which costs as much as several statements: for when one has thrown.
    private func commit(_ jobs: [Job], isParting: Bool = false, in database: Database) {
        let start = ContinuousClock.now
        var failures: [Int: any Error] = [:]
        do {
            try database.inTransaction(.immediate) {
                for (index, job) in jobs.enumerated() {
                    guard isParting else {
                        try job.run(database)
                        continue
                    }
                    do {
                        try database.inSavepoint {
                            try job.run(database)
                            return .commit
                        }
                    } catch {
                        // Where SQLite has ended the whole transaction, the neighbours' work is gone too.
                        guard database.isInsideTransaction else { throw error }
                        failures[index] = error
                    }
                }
                return .commit
            }
        } catch {
            return recover(jobs, from: error, isParting: isParting, in: database)
        }
        commitTime.record(duration: start.duration(to: .now))
        writes.increment(by: jobs.count)
        health.wroteWell()
        for (index, job) in jobs.enumerated() { finish(job, failures[index]) }
    }

    /// Nothing is on disk. One of several may be to blame, so that they are parted, unless waiting was in vain.
    private func recover(_ jobs: [Job], from error: any Error, isParting: Bool, in database: Database) {
        let isLocked = (error as? DatabaseError)?.resultCode == .SQLITE_BUSY
        if jobs.count == 1 || isLocked {
            for job in jobs { finish(job, error) }
        } else if !isParting {
            commit(jobs, isParting: true, in: database)
        } else {
            for job in jobs { commit([job], in: database) }
        }
    }

    private func finish(_ job: Job, _ error: (any Error)?) {
        guard let error else { return job.finish(nil) }
        let told = health.note(error)
        if told is StoreError { probeSoon() }
        job.finish(told)
    }

    /// Finds out by itself when writing works again: while the service says that it cannot, nobody may ask it to.
    private func probeSoon() {
        let mustStart = state.withLock { state in
            defer { state.isProbing = true }
            return !state.isProbing
        }
        guard mustStart else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + 1) { [weak self] in
            guard let self, !health.isClosed else { return }
            enqueue(
                Job(
                    run: { try $0.execute(sql: "REPLACE INTO probe VALUES (1, zeroblob(65536))") },
                    finish: { [weak self] error in
                        guard let self else { return }
                        state.withLock { $0.isProbing = false }
                        if error != nil { probeSoon() }
                    }))
        }
    }
}
