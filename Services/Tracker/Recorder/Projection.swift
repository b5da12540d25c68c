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
    private let log: FactLog.Writer
    private let deliveries: ProjectedDelivery.Table
    private var changes: [Int64: MailingChange] = [:]

    /// What one transaction brings about one delivery.
    private struct News {
        var steps: [Fact] = []
        var hits: [Fact] = []
        var hasWish = false
    }

    /// Appends facts to the log and applies those that are new.
    /// - Returns: The number of the last new one; `nil` where nothing was new.
    static func record(_ entries: [FactLog.Entry], at now: Timestamp, in database: Database) throws -> Int64? {
        var projection = try Projection(database)
        return try projection.record(entries, at: now)
    }

    private init(_ database: Database) throws {
        self.database = database
        log = try FactLog.Writer(database)
        deliveries = try ProjectedDelivery.Table(database)
    }

    private mutating func record(_ entries: [FactLog.Entry], at now: Timestamp) throws -> Int64? {
        var last: Int64?
        // Mailings first, so that what comes with them finds its delivery.
        for entry in entries where entry.fact.kind == .mailingAccepted {
            guard let number = try log.append(entry, at: now) else { continue }
            last = number
            try begin(entry.fact, number: number)
        }
        var news: [DeliveryID: News] = [:]
        for entry in entries where entry.fact.kind != .mailingAccepted {
            guard let number = try log.append(entry, at: now) else { continue }
            last = number
            try sort(entry.fact, into: &news)
        }
        for (delivery, news) in news { try apply(news, to: delivery) }
        for (mailing, change) in changes { try change.apply(to: mailing, in: database) }
        return last
    }

    /// Enters a mailing. Its deliveries take everything that the log holds for them already.
    private mutating func begin(_ fact: Fact, number: Int64) throws {
        guard case .mailingAccepted(let accepted) = fact.body else { return }
        for delivery in try accept(accepted, fact: fact, number: number) where try log.holdsAny(of: delivery) {
            guard var row = try deliveries.fetch(delivery) else { continue }
            for hit in try FactLog.hits(of: delivery, organization: row.organization, in: database) { try count(hit, on: &row) }
            try refold(&row)
            try noteWish(on: &row)
            try deliveries.save(row)
        }
    }

    /// Applies what is about no delivery, and puts the rest with the other news of its delivery.
    private func sort(_ fact: Fact, into news: inout [DeliveryID: News]) throws {
        switch fact.body {
        case .messageOpened(let opened):
            news[opened.delivery, default: News()].hits.append(fact)
        case .linkClicked(let clicked):
            news[clicked.delivery, default: News()].hits.append(fact)
        case .contactUnsubscribed(let changed), .contactResubscribed(let changed):
            if let delivery = changed.delivery { news[delivery, default: News()].hasWish = true }
        case .reminderPlanned(let moved), .reminderMoved(let moved):
            try note(moved, as: .planned, told: fact)
        case .reminderSkipped(let moved):
            try note(moved, as: .skipped, told: fact)
        case .reminderIssued(let moved):
            try note(moved, as: .issued, told: fact)
        case .reminderWithdrawn(let moved):
            try note(moved, as: .withdrawn, told: fact)
        case .mailingAccepted, .mailingRefused, .sessionEnded:
            break
        case .deliveryScheduled, .deliveryPending, .deliveryCancelled, .deliveryDropped, .deliveryFailed, .deliveryExpired,
            .deliveryResolved, .attemptStarted, .attemptDelivered, .attemptDeferred, .attemptBounced, .attemptUncertain,
            .attemptAbandoned:
            guard let delivery = fact.body.delivery else { break }
            news[delivery, default: News()].steps.append(fact)
        }
    }

    /// A delivery whose mailing is still unknown is left alone: what is about it waits in the log.
    private mutating func apply(_ news: News, to delivery: DeliveryID) throws {
        guard var row = try deliveries.fetch(delivery) else { return }
        let steps = news.steps.filter { $0.organization == row.organization }
        if !steps.isEmpty {
            let before = row.state
            if row.fold(steps) { note(steps, on: row, movedFrom: before) } else { try refold(&row) }
        }
        for hit in news.hits where hit.organization == row.organization { try count(hit, on: &row) }
        if news.hasWish { try noteWish(on: &row) }
        try deliveries.save(row)
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
