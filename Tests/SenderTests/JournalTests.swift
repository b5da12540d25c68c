import Foundation
import Logging
import Mail
import Runtime
import Support
import Synchronization
import Testing

@testable import Sender

@Suite("The journal tells the truth after a crash")
struct JournalTests {
    private let folder: TemporaryFolder
    private let logger = Logger.quiet
    private static let now = Timestamp(microseconds: 1_700_000_000_000_000)

    init() throws { folder = try TemporaryFolder() }

    private static func entry(_ number: Int) -> JournalEntry {
        JournalEntry(
            delivery: .derived(from: "delivery \(number)"), attempt: 1, mailing: .derived(from: "mailing"), organization: "acme",
            startedAt: now, dotAt: now + .seconds(number))
    }

    private static func answer(_ number: Int, session: SessionID) -> Fact {
        let entry = entry(number)
        return Fact(
            id: .derived(from: "answer \(number)"), organization: "acme", occurredAt: now,
            body: .attemptDelivered(
                AttemptEnded(
                    delivery: entry.delivery, mailing: entry.mailing, attempt: 1, session: session,
                    reply: ServerReply(code: 250, text: "ok \u{0} \n \"quoted\""), transcript: "line\nline\n")))
    }

    private static func longAnswer(session: SessionID) -> Fact {
        let fact = answer(1, session: session)
        guard case .attemptDelivered(var ended) = fact.body else { return fact }
        ended.transcript = String(repeating: "x", count: 16_000)
        return Fact(id: fact.id, organization: "acme", occurredAt: now, body: .attemptDelivered(ended))
    }

    /// Collects what a recovery publishes; may fail like a broker that is away.
    private final class Published: Sendable {
        let batches = Mutex<[[Fact]]>([])
        let failing = Mutex(false)
        var kinds: [[Fact.Kind]] { batches.withLock { $0.map { $0.map(\.kind) } } }

        func publish(_ facts: [Fact]) throws {
            if failing.withLock({ $0 }) { throw CancellationError() }
            batches.withLock { $0.append(facts) }
        }
    }

    private func recovery(_ published: Published) -> JournalRecovery {
        JournalRecovery(
            folder: folder.url, publish: { try published.publish($0) },
            time: ManualTime(Self.now).source, logger: logger)
    }

    private func write(_ records: [JournalRecord], session: SessionID, tail: String = "") throws {
        var bytes: [UInt8] = []
        for record in records { try record.append(to: &bytes) }
        bytes += tail.utf8
        try Data(bytes).write(to: folder.url.appendingPathComponent(JournalFile.name(of: session)))
    }

    private func journals() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("journal-") }.sorted()
    }

    enum Crash: CaseIterable { case beforeDot, afterDot, afterAnswer, afterReport }

    @Test(
        "whatever the moment of the crash, the history hears what is known and then that the session ended",
        arguments: [
            (Crash.beforeDot, [[Fact.Kind.sessionEnded]]),
            (.afterDot, [[.attemptUncertain], [.sessionEnded]]),
            (.afterAnswer, [[.attemptDelivered], [.sessionEnded]]),
            (.afterReport, [[.sessionEnded]]),
        ])
    func crash(at moment: Crash, expected: [[Fact.Kind]]) async throws {
        let session = SessionID.fresh()
        let entry = Self.entry(1)
        let records: [JournalRecord] = [
            .dot(entry), .answer(entry.ticket, try EncodedFact(Self.answer(1, session: session))), .reported(entry.ticket),
        ]
        let count = [Crash.beforeDot: 0, .afterDot: 1, .afterAnswer: 2, .afterReport: 3][moment] ?? 0
        try write(Array(records.prefix(count)), session: session, tail: "0badc0de {\"torn")
        let published = Published()
        await recovery(published).recoverAll()
        #expect(published.kinds == expected)
        #expect(try journals().isEmpty)
        if moment == .afterAnswer {
            #expect(published.batches.withLock { $0[0] } == [Self.answer(1, session: session)])
        }
    }

    @Test("telling twice tells the same: ids do not depend on who recovers or when")
    func repeatable() async throws {
        let session = SessionID.fresh()
        let published = Published()
        for _ in 0..<2 {
            try write([.dot(Self.entry(1)), .dot(Self.entry(2))], session: session)
            await recovery(published).recoverAll()
        }
        let batches = published.batches.withLock { $0 }
        #expect(batches.count == 4)
        #expect(batches[0] == batches[2])
        #expect(batches[1] == batches[3])
    }

    @Test("a journal whose facts the broker does not take stays, and is dealt with later")
    func brokerAway() async throws {
        let session = SessionID.fresh()
        try write([.dot(Self.entry(1))], session: session)
        let published = Published()
        published.failing.withLock { $0 = true }
        await recovery(published).recoverAll()
        #expect(try journals().count == 1)
        published.failing.withLock { $0 = false }
        await recovery(published).recoverAll()
        #expect(published.kinds == [[.attemptUncertain], [.sessionEnded]])
        #expect(try journals().isEmpty)
    }

    @Test("a damaged line before the end is no reason to stop, and the file is kept as evidence")
    func damaged() async throws {
        let session = SessionID.fresh()
        var bytes: [UInt8] = []
        try JournalRecord.dot(Self.entry(1)).append(to: &bytes)
        bytes[20] ^= 1
        try JournalRecord.dot(Self.entry(2)).append(to: &bytes)
        try Data(bytes).write(to: folder.url.appendingPathComponent(JournalFile.name(of: session)))
        let published = Published()
        await recovery(published).recoverAll()
        #expect(published.kinds == [[.attemptUncertain], [.sessionEnded]])
        #expect(try journals() == [JournalFile.name(of: session) + ".damaged"])
    }

    @Test("a living sender's journal is left alone; its own next life deals with it")
    func living() async throws {
        let session = SessionID.fresh()
        let journal = try Journal(in: folder.url, session: session, logger: logger)
        try await journal.beforeDot(Self.entry(1))
        let published = Published()
        await recovery(published).recoverAll()
        #expect(published.kinds.isEmpty)
        #expect(try journals().count == 1)

        // Not reported to anyone: the file outlives the process.
        try await journal.close(deleting: false)
        // The lock goes when the last descriptor closes, with the thread.
        try await eventually("the dead sender's journal is dealt with") {
            await recovery(published).recoverAll()
            return published.kinds == [[.attemptUncertain], [.sessionEnded]]
        }
        #expect(try journals().isEmpty)
    }

    @Test("two senders that find the same dead one tell of it once")
    func twoRecoverers() async throws {
        for _ in 0..<20 { try write([.dot(Self.entry(1))], session: .fresh()) }
        let published = Published()
        await withDiscardingTaskGroup { group in
            for _ in 0..<4 { group.addTask { await recovery(published).recoverAll() } }
        }
        // Each file is told of by whoever took its lock; one that was just dealt with is gone for the others.
        #expect(published.kinds.filter { $0 == [.sessionEnded] }.count == 20)
        #expect(try journals().isEmpty)
    }

    @Test("what is on disk is what was noted, and a clean end leaves nothing")
    func lifecycle() async throws {
        let session = SessionID.fresh()
        let journal = try Journal(in: folder.url, session: session, logger: logger)
        let path = folder.url.appendingPathComponent(JournalFile.name(of: session))
        try await withThrowingTaskGroup { group in
            for number in 0..<50 { group.addTask { try await journal.beforeDot(Self.entry(number)) } }
            try await group.waitForAll()
        }
        #expect(JournalState.read(try Data(contentsOf: path)).state.unsettled.count == 50)
        for number in 0..<50 {
            journal.answered(Self.entry(number).ticket, try EncodedFact(Self.answer(number, session: session)))
            if number.isMultiple(of: 2) { journal.reported(Self.entry(number).ticket) }
        }
        try await journal.beforeDot(Self.entry(99))
        let (state, damaged) = JournalState.read(try Data(contentsOf: path))
        #expect(state == journal.state)
        #expect(damaged == 0)
        #expect(state.unsettled.count == 26)
        #expect(journal.state.facts(of: session).count == 26)
        try await journal.close(deleting: true)
        #expect(try journals().isEmpty)
        await #expect(throws: CancellationError.self) { try await journal.beforeDot(Self.entry(1)) }
    }

    @Test("the file stays small however much went through it")
    func compaction() async throws {
        let session = SessionID.fresh()
        let journal = try Journal(in: folder.url, session: session, logger: logger)
        let path = folder.url.appendingPathComponent(JournalFile.name(of: session))
        let long = Self.longAnswer(session: session)
        try await journal.beforeDot(Self.entry(0))
        for number in 1...1500 {
            try await journal.beforeDot(Self.entry(number))
            journal.answered(Self.entry(number).ticket, try EncodedFact(long))
            journal.reported(Self.entry(number).ticket)
        }
        try await journal.beforeDot(Self.entry(2000))
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path.path)[.size] as? Int)
        #expect(size < 9_000_000)
        #expect(
            Set(JournalState.read(try Data(contentsOf: path)).state.unsettled.keys) == [
                Self.entry(0).ticket, Self.entry(2000).ticket,
            ])
        #expect(try journals() == [JournalFile.name(of: session)])
        try await journal.close(deleting: true)
    }

    @Test("nothing is sent while the journal cannot be written, and all is well again when it can")
    func unwritable() async throws {
        let session = SessionID.fresh()
        let journal = try Journal(in: folder.url, session: session, logger: logger)
        try await journal.beforeDot(Self.entry(0))
        // Once it is large it has to be made anew, for which there is no place.
        let place = folder.url.path
        let away = place + "-away"
        try FileManager.default.moveItem(atPath: place, toPath: away)
        await #expect(throws: JournalError.self) {
            for number in 1...1500 {
                journal.answered(Self.entry(number).ticket, try EncodedFact(Self.longAnswer(session: session)))
                journal.reported(Self.entry(number).ticket)
                try await journal.beforeDot(Self.entry(801))
                journal.reported(Self.entry(801).ticket)
            }
        }
        #expect(journal.trouble != nil)
        try FileManager.default.moveItem(atPath: away, toPath: place)
        try await journal.beforeDot(Self.entry(802))
        #expect(journal.trouble == nil)
        let path = folder.url.appendingPathComponent(JournalFile.name(of: session))
        let kept = JournalState.read(try Data(contentsOf: path)).state.unsettled.keys
        #expect(Set(kept) == Set([0, 802].map { Self.entry($0).ticket }))
        let published = Published()
        await recovery(published).recoverAll()
        #expect(published.kinds.isEmpty)
        try await journal.close(deleting: true)
    }
}
