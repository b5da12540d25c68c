import Dispatch
import Foundation
import Logging
import Mail
import Synchronization

/// What this sender is about to do and has learnt, on disk, so that after a crash the truth can still be told.
///
/// One thread writes; a single `fdatasync` serves every attempt that waits for one. The file holds only what has not been
/// reported: it is rewritten when the rest has grown large, and after any failure to write.
final class Journal: Sendable {
    let session: SessionID
    private let path: String
    private let logger: Logger
    private let mail: Mutex<Mailbag>
    private let arrived = DispatchSemaphore(value: 0)

    /// Rewritten when it is larger, in bytes.
    private static let largest = 8 * 1024 * 1024
    /// How long records gather before they are written, in microseconds.
    private static let gathering: UInt32 = 3000

    private struct Mailbag {
        var jobs: [Job] = []
        var state = JournalState()
        /// Why the last write failed; `nil` while all is well.
        var trouble: String?
        var isClosed = false
    }

    private enum Job {
        case write(JournalRecord, saved: CheckedContinuation<Void, any Error>?)
        case close(deleting: Bool, CheckedContinuation<Void, any Error>)
    }

    /// Makes the journal of a new session in `folder`.
    init(in folder: URL, session: SessionID, logger: Logger) throws {
        self.session = session
        self.logger = logger
        path = folder.appendingPathComponent(JournalFile.name(of: session)).path
        mail = Mutex(Mailbag())
        let file = try JournalFile.make(at: path, with: [])
        let thread = Thread { [self] in writeUntilClosed(to: file) }
        thread.name = "journal"
        thread.start()
    }

    /// Why nothing can be sent just now, for `/readyz`.
    var trouble: String? { mail.withLock { $0.trouble } }

    /// What nobody has been told about yet.
    var state: JournalState { mail.withLock { $0.state } }

    /// Notes that a message is about to be completed; returns once that is on disk.
    func beforeDot(_ entry: JournalEntry) async throws {
        try await withCheckedThrowingContinuation { continuation in
            post(.write(.dot(entry), saved: continuation))
        }
    }

    /// Notes how an attempt ended. Does not wait: should the process die first, the attempt counts as uncertain.
    func answered(_ ticket: Ticket, _ fact: EncodedFact) { post(.write(.answer(ticket, fact), saved: nil)) }

    /// Notes that the broker has taken the fact about an attempt.
    func reported(_ ticket: Ticket) { post(.write(.reported(ticket), saved: nil)) }

    /// Ends the journal.
    /// - Parameter deleting: Everything has been reported and the session's end too. Otherwise the file stays for the next sender.
    func close(deleting: Bool) async throws {
        try await withCheckedThrowingContinuation { post(.close(deleting: deleting, $0)) }
    }

    private func post(_ job: Job) {
        let (refused, isFirst) = mail.withLock { bag -> (Bool, Bool) in
            guard !bag.isClosed else { return (true, false) }
            switch job {
            case .write(let record, _): bag.state.apply(record)
            case .close: bag.isClosed = true
            }
            bag.jobs.append(job)
            return (false, bag.jobs.count == 1)
        }
        guard refused else {
            // Those that follow are taken together with the first.
            if isFirst { arrived.signal() }
            return
        }
        switch job {
        case .write(_, let saved): saved?.resume(throwing: CancellationError())
        case .close(_, let closed): closed.resume()
        }
    }

    // MARK: - The thread

    private func writeUntilClosed(to first: JournalFile) {
        // Kept open, and so locked, even while it is unfit: no one may take this session for ended.
        var file = first
        var isWhole = true
        var sizeWhenMade = file.size
        while true {
            arrived.wait()
            // One wait for the disk serves all that come meanwhile, and the thread is not woken for each.
            usleep(Self.gathering)
            let mustBeMade = !isWhole || file.size > max(Self.largest, 2 * sizeWhenMade)
            // The state is only looked at where it is needed: while someone else holds it, each change would copy it.
            let (jobs, state) = mail.withLock { bag in
                defer { bag.jobs = [] }
                return (bag.jobs, mustBeMade ? bag.state : nil)
            }
            do {
                if let state {
                    file = try JournalFile.make(at: path, with: state.records)
                    isWhole = true
                    sizeWhenMade = file.size
                } else {
                    try append(jobs, to: file)
                }
                note(trouble: nil)
                for case .write(_, let saved?) in jobs { saved.resume() }
            } catch {
                // The file may end in the middle of a line, or the kernel may have lost what it could not save: it is made anew.
                isWhole = false
                note(trouble: "\(error)")
                for case .write(let record, let saved?) in jobs {
                    withdraw(record)
                    saved.resume(throwing: error)
                }
            }
            if case .close(let deleting, let closed)? = jobs.last {
                closed.resume(with: Result { if deleting { try file.delete() } })
                return
            }
        }
    }

    /// Appends, and saves where someone waits for it.
    private func append(_ jobs: [Job], to file: JournalFile) throws {
        var records: [JournalRecord] = []
        var isAwaited = false
        for case .write(let record, let saved) in jobs {
            records.append(record)
            isAwaited = isAwaited || saved != nil
        }
        try file.append(records)
        if isAwaited { try file.sync() }
    }

    /// A dot that could not be saved is not sent.
    private func withdraw(_ record: JournalRecord) {
        guard case .dot(let entry) = record else { return }
        mail.withLock { $0.state.apply(.reported(entry.ticket)) }
    }

    private func note(trouble: String?) {
        let changed = mail.withLock { bag in
            defer { bag.trouble = trouble }
            return bag.trouble != trouble
        }
        guard changed else { return }
        if let trouble {
            logger.error("Cannot write the journal", metadata: ["reason": "\(trouble)"])
        } else {
            logger.notice("The journal can be written again")
        }
    }
}
