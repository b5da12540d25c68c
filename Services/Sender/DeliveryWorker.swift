import Broker
import Foundation
import Logging
import MIME
import Mail
import Metrics
import Runtime
import SMTP
import ServiceLifecycle
import Synchronization

/// Takes tickets, claims their deliveries, sends the mail and reports what became of it.
///
/// Slots bound how many are at work at once. Tickets are acked when their outcome is confirmed by the broker; until then the journal
/// knows what to say should this process die.
struct DeliveryWorker: Service {
    let session: SessionID
    let consumer: Consumer
    let questioner: Questioner
    let contents: ContentCache
    let composer: Composer
    let transport: any Transport
    let journal: Journal
    let publisher: Publisher
    /// How long what is in flight may take once the sender is asked to stop.
    let drain: Duration
    let time: TimeSource
    let logger: Logger
    private let underWay = AttemptsUnderWay()
    private let line: TicketLine
    private let isStopping = Flag()

    /// Tickets that come within this time after others are claimed together.
    private static let linger = Duration.milliseconds(3)
    /// How long tickets wait here for a slot.
    private static let patience = Duration.milliseconds(100)
    /// How long the last report may take; a broker that is away then hears it from another sender.
    private static let farewell = Duration.seconds(5)

    private static let attemptTime = Timer(label: "waybill_attempt_seconds")
    /// By what an attempt can end in. Looked up once, for a look-up takes longer than counting.
    private static let attempts: [Fact.Kind: Counter] = [
        Fact.Kind.attemptDelivered, .attemptDeferred, .attemptBounced, .attemptUncertain, .deliveryFailed,
    ].reduce(into: [:]) { $0[$1] = Counter(label: "waybill_attempts_total", dimensions: [("outcome", $1.rawValue)]) }

    private static let refused: [ClaimRefusal.Reason: Counter] = ClaimRefusal.Reason.allCases.reduce(into: [:]) {
        $0[$1] = Counter(label: "waybill_claims_refused_total", dimensions: [("reason", $1.rawValue)])
    }

    private final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { value.withLock { $0 } }
        func set() { value.withLock { $0 = true } }
    }

    init(
        session: SessionID, consumer: Consumer, questioner: Questioner, contents: ContentCache, composer: Composer,
        transport: any Transport, journal: Journal, publisher: Publisher, drain: Duration, time: TimeSource, logger: Logger
    ) {
        self.session = session
        self.consumer = consumer
        self.questioner = questioner
        self.contents = contents
        self.composer = composer
        self.transport = transport
        self.journal = journal
        self.publisher = publisher
        self.drain = drain
        self.time = time
        self.logger = logger
        line = TicketLine(slots: questioner.slots)
    }

    func run() async throws {
        logger.notice("Taking tickets", metadata: ["session": "\(session)"])
        let result: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup { group in
                // Takes no more when asked to stop, and ends when what it has delivered is settled.
                group.addTask { try await consumer.run() }
                group.addTask { try await workUntilAskedToStop() }
                try await group.waitForAll()
            }
            result = .success(())
        } catch is CancellationError {
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await endSession()
        try result.get()
    }

    private func workUntilAskedToStop() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await takeTickets() }
            group.addTask {
                try await gracefulShutdown()
                isStopping.set()
                try await time.sleep(drain)
            }
            // Whichever is first: all is finished, or the time for it is up.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func takeTickets() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { await readTickets() }
            group.addTask { try await claimTickets() }
            try await group.waitForAll()
        }
    }

    /// Puts tickets into the line until asked to stop.
    private func readTickets() async {
        await withDiscardingTaskGroup { group in
            for await batch in consumer.batches.cancelOnGracefulShutdown() {
                for incoming in batch {
                    guard let bundle = await read(incoming) else { continue }
                    if !line.append(bundle, at: time.now()) { handBack(bundle) }
                }
                if line.isWaiting {
                    // Another sender may have a slot for it.
                    group.addTask {
                        do { try await time.sleep(Self.patience) } catch { return }
                        for bundle in line.removeAll(since: time.now() - Self.patience) { handBack(bundle) }
                    }
                }
            }
            for bundle in line.close() { handBack(bundle) }
            group.cancelAll()
        }
    }

    private func claimTickets() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while let bundles = await line.take() {
                group.addTask {
                    do {
                        try await handle(bundles)
                    } catch {
                        for bundle in line.close() { handBack(bundle) }
                        throw error
                    }
                }
                try await time.sleep(Self.linger)
            }
        }
    }

    /// Claims what tickets stand for and works on it.
    private func handle(_ bundles: [TicketBundle]) async throws {
        var held: [Ticket: TicketBundle] = [:]
        for bundle in bundles {
            for ticket in bundle.tickets { held[ticket] = bundle }
        }
        let answer: ClaimAnswer
        do {
            guard !isStopping.isSet else { throw CancellationError() }
            answer = try await questioner.claim(Array(held.keys))
        } catch {
            // Only when stopping. What the scheduler may have granted meanwhile it takes back when it hears that the session ended.
            for bundle in bundles { handBack(bundle) }
            return line.release(held.count)
        }
        for refusal in answer.refusals {
            guard let bundle = held.removeValue(forKey: refusal.ticket) else { continue }
            line.release(1)
            Self.refused[refusal.reason]?.increment()
            let hasAnother = underWay.forget(refusal.ticket)
            if refusal.reason == .sessionEnded {
                bundle.requeue()
                throw SenderError.sessionEnded(session)
            }
            // The ticket that was to come may have come while this one was being asked about, and been taken for a repetition.
            if refusal.reason == .wait, hasAnother { bundle.requeue() } else { bundle.ack() }
        }
        let granted = answer.jobs.compactMap { job in held.removeValue(forKey: job.ticket).map { (job, $0) } }
        for (ticket, bundle) in held {
            logger.error("The scheduler's answer leaves out a ticket", metadata: ["delivery": "\(ticket.delivery)"])
            handBack(ticket, of: bundle)
            line.release(1)
        }
        await withDiscardingTaskGroup { group in
            for (job, bundle) in granted {
                group.addTask {
                    await attempt(job, bundle)
                    line.release(1)
                }
            }
        }
    }

    /// Reads a message of tickets; one that cannot be read goes to the dead letters.
    /// - Returns: `nil` where there is nothing to be done for it.
    private func read(_ incoming: Incoming) async -> TicketBundle? {
        do {
            try Wire.check(version: incoming.message.version)
            let tickets = try Wire.decode([Ticket].self, from: incoming.message.body)
            guard !tickets.isEmpty else { throw Wire.Unreadable("There are no tickets in it.") }
            if let ticket = tickets.first(where: { $0.attempt < 1 }) {
                throw Wire.Unreadable("The attempt is \(ticket.attempt); it counts from 1.")
            }
            let fresh = tickets.filter { underWay.begin($0) }
            if fresh.isEmpty {
                incoming.ack()
                return nil
            }
            return TicketBundle(fresh) { comesAgain in
                if comesAgain { incoming.requeue() } else { incoming.ack() }
            }
        } catch {
            do {
                try await publisher.deadLetter(incoming.message, reason: "\(error)", from: Names.tickets)
                incoming.ack()
                logger.error("Tickets cannot be read and went to the dead letters", metadata: ["reason": "\(error)"])
            } catch {
                incoming.requeue()
            }
            return nil
        }
    }

    private func handBack(_ bundle: TicketBundle) {
        for ticket in bundle.tickets { handBack(ticket, of: bundle) }
    }

    private func handBack(_ ticket: Ticket, of bundle: TicketBundle) {
        underWay.forget(ticket)
        bundle.requeue()
    }

    // MARK: - One attempt

    private func attempt(_ job: Job, _ bundle: TicketBundle) async {
        let report = AttemptReport(job: job, session: session, startedAt: time.now())
        guard let fact = await outcome(of: job, report) else {
            handBack(job.ticket, of: bundle)
            return
        }
        let encoded: EncodedFact
        do { encoded = try EncodedFact(fact) } catch {
            // As though this process had died: the journal's end says that the outcome is not known.
            logger.error("An outcome cannot be written", metadata: ["delivery": "\(job.delivery)", "reason": "\(error)"])
            bundle.requeue()
            return
        }
        journal.answered(job.ticket, encoded)
        Self.attempts[fact.kind]?.increment()
        Self.attemptTime.record(duration: time.now() - report.startedAt)
        logger.debug(
            "attempt ended",
            metadata: ["delivery": "\(job.delivery)", "attempt": "\(job.attempt)", "outcome": "\(fact.kind.rawValue)"])
        guard await reportUntilConfirmed(encoded) else {
            // The journal knows what to say; a ticket that comes back is spent.
            bundle.requeue()
            return
        }
        journal.reported(job.ticket)
        underWay.finish(job.ticket)
        bundle.ack()
    }

    /// Makes the attempt; `nil` where this sender has to stop before the message could leave.
    private func outcome(of job: Job, _ report: AttemptReport) async -> Fact? {
        let mail: OutgoingMail
        do {
            let prepared = try await contents.content(job.content)
            var attachments: [Letter.Attachment] = []
            for reference in prepared.content.attachments { attachments.append(try await contents.attachment(reference)) }
            mail = try composer.compose(job, prepared, attachments: attachments)
        } catch let problem as Uncomposable {
            logger.error(
                "A message cannot be made", metadata: ["delivery": "\(job.delivery)", "reason": "\(problem)"])
            return report.fact(for: problem, at: time.now())
        } catch {
            return nil
        }
        while !Task.isCancelled {
            let handover = await transport.deliver(mail) {
                try await journal.beforeDot(
                    JournalEntry(
                        delivery: job.delivery, attempt: job.attempt, mailing: job.mailing, organization: job.organization,
                        startedAt: report.startedAt, dotAt: time.now()))
            }
            if let fact = report.fact(for: handover, at: time.now()) { return fact }
            // It cannot have left, so there is nothing to tell of, whatever the journal expected.
            journal.reported(job.ticket)
            guard !Task.isCancelled else { return nil }
            logger.warning(
                "A message was held back; trying again soon",
                metadata: ["delivery": "\(job.delivery)", "reason": "\(handover.outcome)"])
            do { try await time.sleep(.seconds(2)) } catch { return nil }
        }
        return nil
    }

    /// `false` where the sender had to stop first; the journal knows the fact.
    private func reportUntilConfirmed(_ fact: EncodedFact) async -> Bool {
        do {
            try await Retry.untilDone(
                "reporting an outcome", time: time, logger: logger, isFinal: { $0 as? BrokerError == .shutDown }
            ) { try await publisher.publish([fact]) }
            return true
        } catch {
            return false
        }
    }

    // MARK: - The end

    /// Reports what is left and that this session is over; where that is not possible the journal stays for another sender.
    private func endSession() async {
        var isTold = false
        do {
            try await withThrowingTaskGroup { group in
                group.addTask {
                    let facts = journal.state.facts(of: session)
                    if !facts.isEmpty { try await publisher.publish(facts) }
                    try await publisher.publish([session.ended(at: time.now())])
                }
                group.addTask {
                    try await time.sleep(Self.farewell)
                    throw BrokerError.unanswered(after: Self.farewell)
                }
                defer { group.cancelAll() }
                try await group.next()
            }
            isTold = true
        } catch {
            logger.warning(
                "Cannot report the end of this session; another sender will, from the journal", metadata: ["reason": "\(error)"])
        }
        do {
            try await journal.close(deleting: isTold)
        } catch {
            logger.error("Cannot remove the journal", metadata: ["reason": "\(error)"])
        }
        logger.notice("The session has ended", metadata: ["session": "\(session)"])
    }
}
