/// The offsets of one time zone from UTC, past and future, as a TZif file has them (RFC 8536, RFC 9636).
///
/// Moments after the file's last transition follow the rule in its footer. Leap seconds are not counted.
package struct TimeZoneRules: Hashable, Sendable {
    /// A moment from which on an offset holds.
    private struct Transition: Hashable {
        /// Seconds since 1970 UTC.
        var at: Int64
        /// Seconds east of UTC.
        var offset: Int
    }

    /// Before the first transition.
    private let earliest: Int
    private let transitions: [Transition]
    private let footer: RecurringRule?

    /// Why some bytes are no time zone.
    package struct Unreadable: Error, Hashable, CustomStringConvertible {
        package let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    /// Always UTC.
    package static let utc = TimeZoneRules(earliest: 0, transitions: [], footer: nil)

    private init(earliest: Int, transitions: [Transition], footer: RecurringRule?) {
        self.earliest = earliest
        self.transitions = transitions
        self.footer = footer
    }

    /// Whether `text` has the form of a zone's name, such as `Europe/Berlin`: safe as a path below the zones' folder.
    package static func isName(_ text: some StringProtocol) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return (1...3).contains(parts.count)
            && parts.allSatisfy { part in
                guard let first = part.first, part.count <= 32, Self.isLetter(first) else { return false }
                return part.allSatisfy {
                    isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "_+-".utf8.contains($0)
                }
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// Reads the bytes of a TZif file, version 1 or later, whoever made them.
    package init(tzif bytes: some Sequence<UInt8>) throws(Unreadable) {
        var reader = ByteReader(bytes: Array(bytes))
        guard reader.bytes.count <= 1 << 20 else { throw Unreadable("The file is larger than a time zone can be.") }
        var header = try Header(&reader)
        var timeBytes = 4
        if header.version >= UInt8(ascii: "2") {
            try reader.skip(header.bodyBytes(timeBytes: 4))
            header = try Header(&reader)
            timeBytes = 8
        }
        guard header.types > 0 else { throw Unreadable("The file holds no local time.") }
        guard header.leaps == 0 else { throw Unreadable("The file counts leap seconds; this kind is not read.") }
        guard header.bodyBytes(timeBytes: timeBytes) <= reader.remaining else { throw Unreadable("The file is cut short.") }

        var times: [Int64] = []
        for _ in 0..<header.times { times.append(try reader.signed(timeBytes)) }
        var types: [Int] = []
        for _ in 0..<header.times { types.append(Int(try reader.byte())) }
        var offsets: [Int] = []
        for _ in 0..<header.types {
            let offset = Int(try reader.signed(4))
            guard Self.offsets.contains(offset) else { throw Unreadable("An offset from UTC is out of range.") }
            offsets.append(offset)
            try reader.skip(2)
        }
        guard zip(times, times.dropFirst()).allSatisfy({ $0 < $1 }) else { throw Unreadable("The transitions are not in order.") }
        guard types.allSatisfy({ $0 < offsets.count }) else { throw Unreadable("A transition leads to no known offset.") }
        earliest = offsets[0]
        transitions = zip(times, types).map { Transition(at: $0, offset: offsets[$1]) }

        guard timeBytes == 8 else {
            footer = nil
            return
        }
        try reader.skip(header.names + header.standard + header.universal)
        guard try reader.byte() == UInt8(ascii: "\n") else { throw Unreadable("The rule for the future is missing.") }
        let rule = reader.rest.prefix { $0 != UInt8(ascii: "\n") }
        guard rule.count < reader.remaining else { throw Unreadable("The rule for the future is cut short.") }
        if rule.isEmpty {
            footer = nil
        } else {
            guard let read = RecurringRule(rule) else { throw Unreadable("The rule for the future cannot be read.") }
            footer = read
        }
    }

    /// What an offset can be: between 24:59:59 west and 25:59:59 east (RFC 8536 section 3.2).
    static let offsets = -89_999...93_599

    /// Seconds to add to UTC to get what the zone's clocks show at a moment.
    package func offset(at time: Timestamp) -> Int { offset(atSecond: time.seconds) }

    /// The moment at which the zone's clocks show `local`.
    ///
    /// As RFC 5545 section 3.3.5 has it: of two such moments the first; where there is none because the clocks were put forward,
    /// the moment is reckoned with the offset before, so it comes as much later as the gap is long.
    package func timestamp(of local: CivilTime) -> Timestamp {
        let shown = local.date.dayNumber * 86_400 + Int64(local.secondOfDay)
        let window = (shown - 2 * 86_400)...(shown + 2 * 86_400)
        var before = offset(atSecond: window.lowerBound)
        for transition in transitions(in: window) {
            // With the offset before, the clocks show it before this change; or no clock shows it, because it lies in this gap.
            if shown - Int64(max(before, transition.offset)) < transition.at { break }
            before = transition.offset
        }
        return Timestamp(microseconds: (shown - Int64(before)) * 1_000_000 + Int64(local.microsecond))
    }

    private func offset(atSecond second: Int64) -> Int {
        guard let last = transitions.last, second < last.at else {
            return footer?.offset(atSecond: second) ?? transitions.last?.offset ?? earliest
        }
        let next = firstTransition(after: second)
        return next == 0 ? earliest : transitions[next - 1].offset
    }

    private func transitions(in window: ClosedRange<Int64>) -> [Transition] {
        let stored = transitions[firstTransition(after: window.lowerBound)...].prefix { $0.at <= window.upperBound }
        let last = transitions.last?.at ?? .min
        let recurring = (footer?.transitions(around: window.lowerBound) ?? [])
            .filter { $0.at > last && window.contains($0.at) }
            .map { Transition(at: $0.at, offset: $0.offset) }
        return stored + recurring
    }

    /// The index of the first transition after a moment, by bisection.
    private func firstTransition(after second: Int64) -> Int {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= second { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The header of a data block (RFC 8536 section 3.1).
private struct Header {
    let version: UInt8
    let universal: Int
    let standard: Int
    let leaps: Int
    let times: Int
    let types: Int
    let names: Int

    init(_ reader: inout ByteReader) throws(TimeZoneRules.Unreadable) {
        guard reader.rest.starts(with: "TZif".utf8) else { throw TimeZoneRules.Unreadable("The file is not a TZif file.") }
        try reader.skip(4)
        version = try reader.byte()
        try reader.skip(15)
        func count() throws(TimeZoneRules.Unreadable) -> Int { Int(try reader.signed(4)) }
        (universal, standard, leaps) = (try count(), try count(), try count())
        (times, types, names) = (try count(), try count(), try count())
        guard [universal, standard, leaps, times, types, names].allSatisfy({ (0...reader.bytes.count).contains($0) }) else {
            throw TimeZoneRules.Unreadable("The file is cut short.")
        }
    }

    func bodyBytes(timeBytes: Int) -> Int {
        times * (timeBytes + 1) + types * 6 + names + leaps * (timeBytes + 4) + standard + universal
    }
}

/// Takes numbers off the front of some bytes.
private struct ByteReader {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var rest: ArraySlice<UInt8> { bytes[position...] }
    var remaining: Int { bytes.count - position }

    mutating func byte() throws(TimeZoneRules.Unreadable) -> UInt8 {
        guard remaining > 0 else { throw TimeZoneRules.Unreadable("The file is cut short.") }
        position += 1
        return bytes[position - 1]
    }

    mutating func skip(_ count: Int) throws(TimeZoneRules.Unreadable) {
        guard count <= remaining else { throw TimeZoneRules.Unreadable("The file is cut short.") }
        position += count
    }

    /// A big-endian two's-complement number of `count` bytes, at most eight.
    mutating func signed(_ count: Int) throws(TimeZoneRules.Unreadable) -> Int64 {
        var value: UInt64 = 0
        for _ in 0..<count { value = value << 8 | UInt64(try byte()) }
        let unused = UInt64(64 - 8 * count)
        return Int64(bitPattern: value << unused) >> Int64(unused)
    }
}
