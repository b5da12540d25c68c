import Foundation
import GRDB
import Mail
import Store

/// Makes the history follow from the log: what new facts change in mailings, deliveries, collections and reminders.
///
/// The result depends on which facts are in the log, never on their order: a fact that comes late, in the causal order of its delivery,
/// has the delivery's state folded anew from all its facts, and everything else is a sum, a least or a greatest over facts that each count once.
struct Projection {
    let database: Database
    private var changes: [Int64: MailingChange] = [:]

    /// Appends facts to the log and applies those that are new.
    /// - Returns: The number of the last new one; `nil` where nothing was new.
    static func record(_ entries: [FactLog.Entry], at now: Timestamp, in database: Database) throws -> Int64? {
        var projection = Projection(database: database)
        var last: Int64?
        var fresh: [(number: Int64, fact: Fact)] = []
        for entry in entries {
            guard let number = try FactLog.append(entry, at: now, in: database) else { continue }
            last = number
            fresh.append((number, entry.fact))
        }
        try projection.apply(fresh)
        return last
    }

    private init(database: Database) {
        self.database = database
    }

    private mutating func apply(_ facts: [(number: Int64, fact: Fact)]) throws {
        var moved: [DeliveryID: [Fact]] = [:]
        var hits: [(delivery: DeliveryID, fact: Fact)] = []
        var begun: Set<DeliveryID> = []
        var wishes: Set<DeliveryID> = []
        for (number, fact) in facts {
            switch fact.body {
            case .mailingAccepted(let accepted):
                begun.formUnion(try accept(accepted, fact: fact, number: number))
            case .messageOpened(let opened):
                hits.append((opened.delivery, fact))
            case .linkClicked(let clicked):
                hits.append((clicked.delivery, fact))
            case .contactUnsubscribed(let changed), .contactResubscribed(let changed):
                if let delivery = changed.delivery { wishes.insert(delivery) }
            case .reminderPlanned(let moved), .reminderMoved(let moved):
                try note(moved, as: .planned, told: fact)
            case .reminderSkipped(let moved):
                try note(moved, as: .skipped, told: fact)
            case .reminderIssued(let moved):
                try note(moved, as: .issued, told: fact)
            case .reminderWithdrawn(let moved):
                try note(moved, as: .withdrawn, told: fact)
            case .mailingRefused, .sessionEnded:
                break
            case .deliveryScheduled, .deliveryPending, .deliveryCancelled, .deliveryDropped, .deliveryFailed, .deliveryExpired,
                .deliveryResolved, .attemptStarted, .attemptDelivered, .attemptDeferred, .attemptBounced, .attemptUncertain,
                .attemptAbandoned:
                guard let delivery = fact.body.delivery else { break }
                moved[delivery, default: []].append(fact)
            }
        }
        // A delivery whose mailing was accepted just now takes everything that the log held for it already; one whose mailing is
        // still unknown waits in the log.
        for delivery in begun where try FactLog.holdsAny(of: delivery, in: database) {
            guard var row = try ProjectedDelivery.fetch(delivery, in: database) else { continue }
            for hit in try FactLog.hits(of: delivery, organization: row.organization, in: database) { try count(hit, on: &row) }
            try refold(&row)
            try noteWish(on: &row)
            try row.save(in: database)
        }
        for (delivery, facts) in moved where !begun.contains(delivery) {
            guard var row = try ProjectedDelivery.fetch(delivery, in: database) else { continue }
            let facts = facts.filter { $0.organization == row.organization }
            let before = row.state
            if row.fold(facts) {
                note(facts, on: row, movedFrom: before)
            } else {
                try refold(&row)
            }
            try row.save(in: database)
        }
        for (delivery, hit) in hits where !begun.contains(delivery) {
            guard var row = try ProjectedDelivery.fetch(delivery, in: database), row.organization == hit.organization else {
                continue
            }
            try count(hit, on: &row)
            try row.save(in: database)
        }
        for delivery in wishes.subtracting(begun) {
            guard var row = try ProjectedDelivery.fetch(delivery, in: database) else { continue }
            try noteWish(on: &row)
            try row.save(in: database)
        }
        for (mailing, change) in changes { try change.apply(to: mailing, in: database) }
    }

    /// Folds a delivery's state anew from all its facts.
    private mutating func refold(_ row: inout ProjectedDelivery) throws {
        let facts = try FactLog.steps(of: row.id, organization: row.organization, in: database)
        guard !facts.isEmpty else { return }
        let before = row.state
        row.refold(facts)
        note(facts, on: row, movedFrom: before)
    }

    private mutating func note(_ facts: [Fact], on row: ProjectedDelivery, movedFrom before: DeliveryState) {
        var change = changes[row.mailing, default: .init()]
        for fact in facts { change.reach(fact.occurredAt) }
        change.move(from: before, to: row.state)
        changes[row.mailing] = change
    }

    /// Sets whether the recipient unsubscribed through this delivery, by the last word there is.
    private mutating func noteWish(on row: inout ProjectedDelivery) throws {
        guard let last = try FactLog.lastWish(through: row.id, organization: row.organization, in: database) else { return }
        let before = row.unsubscribedAt != nil
        row.unsubscribedAt = last.kind == .contactUnsubscribed ? last.occurredAt : nil
        let after = row.unsubscribedAt != nil
        changes[row.mailing, default: .init()].unsubscribed += (after ? 1 : 0) - (before ? 1 : 0)
        changes[row.mailing, default: .init()].reach(last.occurredAt)
    }

    /// Counts one open or click, which must not have been counted before.
    private mutating func count(_ hit: Fact, on row: inout ProjectedDelivery) throws {
        let before = (read: row.isRead, clicked: row.clicks.people > 0)
        let people: Int
        switch hit.body {
        case .messageOpened(let opened):
            let client = ClientIdentity(userAgent: opened.userAgent)
            people = client.isPerson ? 1 : 0
            row.view(at: hit.occurredAt, fact: hit.id, by: client)
            changes[row.mailing, default: .init()].opens += Hits(all: 1, people: people)
        case .linkClicked(let clicked):
            people = ClientIdentity(userAgent: clicked.userAgent).isPerson ? 1 : 0
            row.clicks += Hits(all: 1, people: people)
            changes[row.mailing, default: .init()].clicks += Hits(all: 1, people: people)
            try database.cachedStatement(
                sql: """
                    INSERT INTO links (mailing, target, clicks, clicks_people) VALUES (?, ?, 1, ?)
                    ON CONFLICT DO UPDATE SET clicks = clicks + 1, clicks_people = clicks_people + excluded.clicks_people
                    """
            ).execute(arguments: [row.mailing, clicked.target, people])
        default:
            return
        }
        changes[row.mailing, default: .init()].reach(hit.occurredAt)
        if row.isRead, !before.read { changes[row.mailing, default: .init()].read += 1 }
        if row.clicks.people > 0, !before.clicked { changes[row.mailing, default: .init()].clicked += 1 }
    }
}
