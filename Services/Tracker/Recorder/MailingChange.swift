import GRDB
import Mail
import Store

/// What one transaction changes in the sums of one mailing and of its day.
struct MailingChange {
    private(set) var states: [DeliveryState: Int] = [:]
    var opens = Hits(all: 0, people: 0)
    var clicks = Hits(all: 0, people: 0)
    var read = 0
    var clicked = 0
    var unsubscribed = 0
    private var changedAt: Timestamp?

    mutating func move(from old: DeliveryState, to new: DeliveryState) {
        guard old != new else { return }
        states[old, default: 0] -= 1
        states[new, default: 0] += 1
    }

    /// Notes that something happened at `time`.
    mutating func reach(_ time: Timestamp) {
        changedAt = max(changedAt ?? time, time)
    }

    /// The names come from the enumeration, so they are safe as names of columns.
    private static let stateSums = DeliveryState.allCases.map { "\($0.rawValue) = \($0.rawValue) + ?" }.joined(separator: ", ")

    func apply(to mailing: Int64, in database: Database) throws {
        let sums = DeliveryState.allCases.map { states[$0] ?? 0 }
        try Prepared(Self.mailingUpdate, in: database).run {
            $0.bind(opens.all)
            $0.bind(opens.people)
            $0.bind(clicks.all)
            $0.bind(clicks.people)
            $0.bind(changedAt)
            $0.bind(read)
            $0.bind(clicked)
            $0.bind(unsubscribed)
            for sum in sums { $0.bind(sum) }
            $0.bind(mailing)
        }
        guard read != 0 || clicked != 0 || sums.contains(where: { $0 != 0 }),
            let day: (organization: String, number: Int64) = try Prepared(Self.mailingDay, in: database).first(
                { $0.bind(mailing) }, read: { ($0[0], ($0[1] as Timestamp).dayNumber) })
        else { return }
        try Prepared(Self.dayUpdate, in: database).run {
            $0.bind(read)
            $0.bind(clicked)
            for sum in sums { $0.bind(sum) }
            $0.bind(day.organization)
            $0.bind(day.number)
        }
    }

    private static let mailingUpdate = """
        UPDATE mailings SET opens = opens + ?, opens_people = opens_people + ?, clicks = clicks + ?,
            clicks_people = clicks_people + ?, changed_at = max(changed_at, coalesce(?, changed_at)),
            read = read + ?, clicked = clicked + ?, unsubscribed = unsubscribed + ?, \(stateSums)
        WHERE number = ?
        """
    private static let mailingDay = "SELECT organization, accepted_at FROM mailings WHERE number = ?"
    private static let dayUpdate =
        "UPDATE days SET read = read + ?, clicked = clicked + ?, \(stateSums) WHERE organization = ? AND day = ?"
}

extension Hits {
    static func += (sum: inout Hits, more: Hits) {
        sum.all += more.all
        sum.people += more.people
    }
}
