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
        try Query(Self.mailingUpdate, in: database).run(
            [
                .number(opens.all), .number(opens.people), .number(clicks.all), .number(clicks.people), .time(changedAt),
                .number(read),
                .number(clicked), .number(unsubscribed),
            ] + sums.map(SQLValue.number) + [.integer(mailing)])
        guard read != 0 || clicked != 0 || sums.contains(where: { $0 != 0 }),
            let day = try Query(Self.mailingDay, in: database).first(
                [.integer(mailing)], { (organization: try $0.text(), number: try $0.time().dayNumber) })
        else { return }
        try Query(Self.dayUpdate, in: database).run(
            [.number(read), .number(clicked)] + sums.map(SQLValue.number) + [.text(day.organization), .integer(day.number)])
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
