/// Reads a name server's message (RFC 1035 section 4), within limits: whatever it holds, reading it neither traps nor loops.
///
/// c-ares has checked that it answers our question; its own readers leave out the times to live.
struct DNSMessage {
    /// The most records that are looked at.
    private static let mostRecords = 512
    /// How far a chain of aliases is followed.
    private static let longestChain = 16

    enum Value: Hashable {
        case address(IPAddress)
        case exchanger(MailExchanger)
        /// An MX record for `.`
        case nullExchanger
        case alias(String)
        /// A host name that is none, or a kind that nobody asked for.
        case other
    }

    struct Record: Hashable {
        let name: String
        let value: Value
        /// In seconds.
        let ttl: UInt32
    }

    /// NXDOMAIN and the like, as in RFC 1035 section 4.1.1.
    private(set) var code = 0
    private(set) var answers: [Record] = []
    /// How long the absence of an answer may be remembered, in seconds (RFC 2308 section 5).
    private(set) var negativeTTL: UInt32?

    private struct Malformed: Error {}

    /// `nil` for what is not a message.
    init?(_ bytes: [UInt8]) {
        do { try read(bytes) } catch { return nil }
    }

    /// The records that answer for a name, following its aliases, and the least of their times to live.
    func values(for name: String) -> (values: [Value], ttl: UInt32) {
        var names: Set = [name]
        var ttl = UInt32.max
        for _ in 0..<Self.longestChain {
            var grew = false
            for record in answers where names.contains(record.name) {
                guard case .alias(let target) = record.value else { continue }
                ttl = min(ttl, record.ttl)
                grew = names.insert(target).inserted || grew
            }
            guard grew else { break }
        }
        var values: [Value] = []
        for record in answers where names.contains(record.name) {
            if case .alias = record.value { continue }
            ttl = min(ttl, record.ttl)
            values.append(record.value)
        }
        return (values, ttl)
    }

    private mutating func read(_ bytes: [UInt8]) throws(Malformed) {
        var at = 0
        guard bytes.count >= 12 else { throw Malformed() }
        code = Int(bytes[3] & 0x0F)
        at = 4
        let questions = try Self.number(bytes, &at)
        let answerCount = try Self.number(bytes, &at)
        let authorities = try Self.number(bytes, &at)
        at = 12
        for _ in 0..<questions {
            _ = try Self.name(bytes, &at)
            at += 4
        }
        for _ in 0..<min(answerCount, Self.mostRecords) {
            let (record, _) = try Self.record(bytes, &at)
            answers.append(record)
        }
        guard answerCount <= Self.mostRecords else { return }
        for _ in 0..<min(authorities, Self.mostRecords) {
            // An SOA ends with the time for which absence is remembered.
            let (record, soaMinimum) = try Self.record(bytes, &at)
            if let soaMinimum { negativeTTL = min(record.ttl, soaMinimum) }
        }
    }

    private static func record(_ bytes: [UInt8], _ at: inout Int) throws(Malformed) -> (Record, soaMinimum: UInt32?) {
        let owner = try name(bytes, &at)
        let kind = try number(bytes, &at)
        let isInternet = try number(bytes, &at) == 1
        let ttl = UInt32(try number(bytes, &at)) << 16 | UInt32(try number(bytes, &at))
        let length = try number(bytes, &at)
        let end = at + length
        guard end <= bytes.count else { throw Malformed() }
        defer { at = end }
        // Over 2^31 counts as none (RFC 2181 section 8).
        let sane = ttl > UInt32(Int32.max) ? 0 : ttl
        var value = Value.other
        var soaMinimum: UInt32?
        if isInternet {
            var place = at
            switch kind {
            case 1 where length == 4, 28 where length == 16:
                value = IPAddress(bytes: Array(bytes[at..<end])).map { .address($0) } ?? .other
            case 5:
                value = .alias(try name(bytes, &place))
            case 6 where length >= 20:
                place = end - 4
                soaMinimum = UInt32(try number(bytes, &place)) << 16 | UInt32(try number(bytes, &place))
            case 15:
                let preference = try number(bytes, &place)
                let host = try name(bytes, &place)
                if host.isEmpty {
                    value = .nullExchanger
                } else if DNSQuestion.isHostName(host) {
                    value = .exchanger(MailExchanger(preference: preference, host: host))
                }
            default: break
            }
        }
        return (Record(name: owner, value: value, ttl: sane), soaMinimum)
    }

    /// 16 bits.
    private static func number(_ bytes: [UInt8], _ at: inout Int) throws(Malformed) -> Int {
        guard at + 2 <= bytes.count else { throw Malformed() }
        defer { at += 2 }
        return Int(bytes[at]) << 8 | Int(bytes[at + 1])
    }

    /// A name in lower case without the dot at its end; compressed ones point backwards only. A dot within a label reads as `\.`, so
    /// that such a name equals no other.
    private static func name(_ bytes: [UInt8], _ at: inout Int) throws(Malformed) -> String {
        var name: [UInt8] = []
        var place = at
        var limit = at
        var hasJumped = false
        while true {
            guard place < bytes.count else { throw Malformed() }
            let length = Int(bytes[place])
            switch length {
            case 0:
                if !hasJumped { at = place + 1 }
                return String(decoding: name, as: UTF8.self)
            case 1...63:
                guard place + 1 + length <= bytes.count, name.count + length < 1024 else { throw Malformed() }
                if !name.isEmpty { name.append(UInt8(ascii: ".")) }
                for byte in bytes[(place + 1)..<(place + 1 + length)] {
                    if byte == UInt8(ascii: ".") { name.append(UInt8(ascii: "\\")) }
                    name.append((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte)
                }
                place += 1 + length
            case 192...255:
                guard place + 1 < bytes.count else { throw Malformed() }
                let target = (length & 0x3F) << 8 | Int(bytes[place + 1])
                if !hasJumped { at = place + 2 }
                guard target < limit else { throw Malformed() }
                hasJumped = true
                limit = target
                place = target
            default: throw Malformed()
            }
        }
    }
}
