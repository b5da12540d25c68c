import Foundation
import Mail
import Runtime
import Store
import Synchronization

extension Ledger {
    /// The most tickets of one request.
    static let ticketsPerClaim = 1000

    /// Answers the claims of several senders in one transaction, in order.
    func claim(_ requests: [ClaimRequest]) async throws -> [ClaimAnswer] {
        let strangers = try await lanes(
            ofPending: traffic.withLock { traffic in requests.flatMap { $0.tickets.filter { !traffic.knows($0) } } })
        let waits = traffic.withLock { traffic in
            requests.map { traffic.claim($0, strangers: strangers, at: time.now()) }
        }
        do {
            defer { ticketsNeeded.raise() }
            let answers = try await decide(requests, waits)
            traffic.withLock { traffic in
                for (request, answer) in zip(requests, answers) {
                    for refusal in answer.refusals {
                        traffic.refused(
                            refusal.ticket, of: request.session, isPending: [.wait, .sessionEnded].contains(refusal.reason))
                    }
                }
            }
            return answers
        } catch {
            traffic.withLock { traffic in
                for (request, waits) in zip(requests, waits) {
                    for ticket in request.tickets where !waits.contains(ticket) {
                        traffic.refused(ticket, of: request.session, isPending: true)
                    }
                }
            }
            throw error
        }
    }

    /// - Parameter waits: The tickets of each request for which no limit leaves room.
    private func decide(_ requests: [ClaimRequest], _ waits: [Set<Ticket>]) async throws -> [ClaimAnswer] {
        try await change { [rules] change in
            var answers: [ClaimAnswer] = []
            var mailings: [MailingID: ClaimedMailing] = [:]
            for (request, waits) in zip(requests, waits) {
                var answer = ClaimAnswer(jobs: [], refusals: [])
                let isEnded = try change.first("SELECT 1 FROM ended_sessions WHERE id = ?", [.id(request.session)]) { _ in } != nil
                for ticket in request.tickets {
                    if isEnded {
                        answer.refusals.append(ClaimRefusal(ticket: ticket, reason: .sessionEnded))
                        continue
                    }
                    if waits.contains(ticket) {
                        answer.refusals.append(ClaimRefusal(ticket: ticket, reason: .wait))
                        continue
                    }
                    switch try change.claim(ticket, by: request.session, rules: rules, mailings: &mailings) {
                    case .success(let job): answer.jobs.append(job)
                    case .failure(let refusal): answer.refusals.append(ClaimRefusal(ticket: ticket, reason: refusal.reason))
                    }
                }
                answers.append(answer)
            }
            return answers
        }
    }

    /// The lanes of those tickets whose deliveries are pending, for that attempt.
    private func lanes(ofPending tickets: [Ticket]) async throws -> [Ticket: Traffic.Lane] {
        guard !tickets.isEmpty else { return [:] }
        return try await store.read { database in
            let query = try Query(
                "SELECT organization, domain FROM deliveries WHERE id = ? AND attempt = ? AND state = 'pending'", in: database)
            var lanes: [Ticket: Traffic.Lane] = [:]
            for ticket in tickets {
                lanes[ticket] = try query.first([.id(ticket.delivery), .number(ticket.attempt)]) { try Traffic.Lane(row: &$0) }
            }
            return lanes
        }
    }

    /// The bytes of a content or an attachment; `nil` where they are not kept (any more).
    func blob(_ hash: ContentHash) async throws -> Data? {
        try await store.read { database in
            try Query(
                "SELECT json FROM contents WHERE hash = ?1 UNION ALL SELECT bytes FROM blobs WHERE hash = ?1", in: database
            ).first([.text(hash.description)]) { try $0.data() }
        }
    }
}

private struct Refused: Error {
    let reason: ClaimRefusal.Reason
}

extension Change {
    /// A delivery that is claimed: its own columns, and what only the job needs.
    private static let claimed = "SELECT \(Delivery.columns), \(ClaimedMail.columns) FROM deliveries WHERE id = ?"

    /// - Parameter mailings: Those that claims of this transaction have read.
    fileprivate mutating func claim(
        _ ticket: Ticket, by session: SessionID, rules: WorkRules, mailings: inout [MailingID: ClaimedMailing]
    ) throws -> Result<Job, Refused> {
        let found = try first(Self.claimed, [.id(ticket.delivery)]) { row in
            (try Delivery(row: &row), try ClaimedMail(row: &row))
        }
        guard let (old, mail) = found else { return .failure(Refused(reason: .unknown)) }
        var work = old
        let (refusal, facts) = work.claim(attempt: ticket.attempt, by: session, at: now, rules: rules)
        if let refusal {
            try save(work, instead: old, facts: facts)
            return .failure(Refused(reason: refusal))
        }
        guard let mailing = try mailings[work.mailing] ?? mailing(work.mailing) else {
            return .failure(Refused(reason: .unknown))  // a foreign key rules it out
        }
        mailings[work.mailing] = mailing
        do {
            let job = try Job(work, mail, of: mailing)
            // They may have unsubscribed while it waited: what has not left yet stays.
            if job.audience == .mass, old.state == .pending,
                try isUnsubscribed(job.recipient.address, from: work.organization)
            {
                work = old
                let dropped = work.drop(.unsubscribed)
                try save(work, instead: old, facts: dropped)
                return .failure(Refused(reason: .finished))
            }
            try save(work, instead: old, facts: facts)
            return .success(job)
        } catch let error as InvalidAddress {
            // It passed admission under older, laxer rules.
            work = old
            let failed = work.fail(.invalidAddress, detail: "\(error)")
            try save(work, instead: old, facts: failed)
            return .failure(Refused(reason: .finished))
        }
    }

    private func mailing(_ id: MailingID) throws -> ClaimedMailing? {
        try first("SELECT \(ClaimedMailing.columns) FROM mailings WHERE id = ?", [.id(id)]) { try ClaimedMailing(row: &$0) }
    }
}

/// What a job says beside where its delivery stands.
private struct ClaimedMail {
    let address: String
    let name: String?
    let role: RecipientRole
    let variables: String

    /// What ``init(row:)`` reads, in that order, of `deliveries`.
    static let columns = "address, name, role, variables"

    init(row: inout Columns) throws {
        address = try row.text()
        name = try row.optional { try $0.text() }
        role = try row.word()
        variables = try row.text()
    }
}

/// What all jobs of a mailing say.
private struct ClaimedMailing {
    let kind: String
    let audience: Audience
    let acceptedAt: Timestamp
    let content: ContentHash

    /// What ``init(row:)`` reads, in that order, of `mailings`.
    static let columns = "kind, audience, accepted_at, content"

    init(row: inout Columns) throws {
        kind = try row.text()
        audience = try row.word()
        acceptedAt = try row.time()
        content = try row.text(ContentHash.init)
    }
}

extension Job {
    /// - Throws: `InvalidAddress`
    fileprivate init(_ work: Delivery, _ mail: ClaimedMail, of mailing: ClaimedMailing) throws {
        self.init(
            delivery: work.id, attempt: work.attempt, mailing: work.mailing, organization: work.organization, kind: mailing.kind,
            audience: mailing.audience, recipient: Mailbox(address: try EmailAddress(mail.address), name: mail.name),
            role: mail.role, variables: try Wire.decode([String: String].self, from: Data(mail.variables.utf8)),
            acceptedAt: mailing.acceptedAt, content: mailing.content)
    }
}
