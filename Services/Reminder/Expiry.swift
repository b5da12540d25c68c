import Mail
import Runtime

/// When something expires, by the clocks of its zone, and what follows for its reminders.
struct Expiry: Sendable {
    let date: CivilDate
    let zone: TimeZoneRules
    /// From here on it has expired.
    let moment: Timestamp

    /// 23:59, in seconds after midnight.
    static let second = 23 * 3600 + 59 * 60

    /// - Throws: `ZoneError` or `TimeZoneRules.Unreadable` where the machine's time zone files have changed for the worse.
    init(of document: CollectionDocument) throws {
        try self.init(on: document.expiresOn, zone: TimeZoneRules(tzif: ZoneFiles.load(document.timeZone)))
    }

    init(on day: String, zone: TimeZoneRules) throws {
        guard let date = CivilDate(day) else { throw Wire.Unreadable("\(day.debugDescription) is no day.") }
        self.date = date
        self.zone = zone
        moment = zone.timestamp(of: CivilTime(date: date, secondOfDay: Self.second))
    }

    /// The reminders that a document asks for, in the order of their times.
    func occurrences(of document: CollectionDocument, in organization: String, collection: String) -> [Occurrence] {
        document.reminders.compactMap { policy in
            guard let second = CollectionDocument.Policy.second(of: policy.at) else { return nil }
            let local = CivilTime(date: date.adding(days: -policy.daysBefore), secondOfDay: second)
            return Occurrence(
                organization: organization, collection: collection, expiresOn: date.description, daysBefore: policy.daysBefore,
                dueAt: zone.timestamp(of: local))
        }.sorted { ($0.dueAt, $0.daysBefore) < ($1.dueAt, $1.daysBefore) }
    }

    /// The days that are left at a moment, as people count them: 0 on the last day.
    static func daysLeft(until day: String, at now: Timestamp, in zone: TimeZoneRules) -> Int {
        let local = now.seconds + Int64(zone.offset(at: now))
        let today = local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
        return Int(max(0, (CivilDate(day)?.dayNumber ?? today) - today))
    }

    /// The rules of a zone; `nil` where the system has no such zone.
    static func zone(_ name: String) throws -> TimeZoneRules? {
        do {
            return try TimeZoneRules(tzif: ZoneFiles.load(name))
        } catch ZoneError.unknown {
            return nil
        }
    }
}
