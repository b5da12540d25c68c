/// When a client wants something sent, as it is written in `sendAt`.
package enum SendTime: Hashable, Sendable {
    /// A moment, as RFC 3339 writes it: `2026-12-01T08:00:00Z` or `2026-12-01T09:00:00+01:00`.
    case moment(Timestamp)
    /// What the clocks of a zone show: `2026-12-01T09:00:00[Europe/Berlin]`.
    case local(CivilTime, zone: String)

    /// - Throws: ``Invalid``. Whether the zone exists is known only to ``timestamp(zone:)``.
    package init(_ text: String) throws(Invalid) {
        if let moment = Timestamp(text) {
            self = .moment(moment)
            return
        }
        guard let (time, rest) = CivilTime.read(text) else {
            throw Invalid(
                "a time is written as in 2026-12-01T08:00:00Z, 2026-12-01T09:00:00+01:00 or 2026-12-01T09:00:00[Europe/Berlin]")
        }
        guard rest.utf8.first == UInt8(ascii: "["), rest.utf8.last == UInt8(ascii: "]") else {
            throw Invalid("the time needs a Z, an offset or a zone after it, as in 2026-12-01T09:00:00[Europe/Berlin]")
        }
        let zone = String(rest.dropFirst().dropLast())
        guard TimeZoneRules.isName(zone) else {
            throw Invalid("a zone is named as in Europe/Berlin or America/New_York")
        }
        self = .local(time, zone: zone)
    }

    /// The moment that is meant.
    /// - Parameter zone: Looks up the rules of a zone by name; `nil` where there is no such zone.
    /// - Throws: ``Invalid``, or what `zone` throws.
    package func timestamp(zone: (String) throws -> TimeZoneRules?) throws -> Timestamp {
        switch self {
        case .moment(let moment): return moment
        case .local(let time, let name):
            guard let rules = try zone(name) else {
                throw Invalid("there is no time zone called \(name); one is named as in Europe/Berlin")
            }
            return rules.timestamp(of: time)
        }
    }

    /// Why a text is no time to send at, in words for the person who wrote it.
    package struct Invalid: Error, Hashable, CustomStringConvertible {
        package let description: String

        init(_ description: String) {
            self.description = description
        }
    }
}
