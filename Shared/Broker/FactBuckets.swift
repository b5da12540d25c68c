import Foundation
import Mail

/// Facts of one kind from one caller, each already JSON.
struct FactPiece: Sendable {
    let kind: Fact.Kind
    /// Without the brackets of the array.
    let json: Data
    let count: Int
    let waiter: Waiter<Void>
}

/// Lets facts wait a moment for others of their kind, because the broker's cost is per message.
struct FactBuckets {
    private struct Bucket {
        var body = Data("[".utf8)
        var count = 0
        var waiters: [Waiter<Void>] = []
        let due: ContinuousClock.Instant
    }

    private let linger: Duration
    private let app: String
    private var buckets: [Fact.Kind: Bucket] = [:]

    /// In bytes; a body is no larger unless one fact alone is.
    static let largestBody = 1_000_000

    init(linger: Duration, app: String) {
        self.linger = linger
        self.app = app
    }

    /// Whether anybody still waits for something in here.
    var isWanted: Bool { buckets.values.contains { $0.waiters.contains { !$0.isOver } } }
    var nextDue: ContinuousClock.Instant? { buckets.values.map(\.due).min() }

    /// - Returns: A message that is full, where this piece found no room in it.
    mutating func add(_ piece: FactPiece, at now: ContinuousClock.Instant) -> Outgoing? {
        var full: Outgoing?
        if let bucket = buckets[piece.kind],
            bucket.count + piece.count > Wire.factsPerMessage || bucket.body.count + piece.json.count > Self.largestBody
        {
            full = take(piece.kind)
        }
        var bucket = buckets[piece.kind] ?? Bucket(due: now + linger)
        if bucket.count > 0 { bucket.body.append(UInt8(ascii: ",")) }
        bucket.body.append(piece.json)
        bucket.count += piece.count
        bucket.waiters.append(piece.waiter)
        buckets[piece.kind] = bucket
        return full
    }

    mutating func takeDue(at now: ContinuousClock.Instant) -> [Outgoing] {
        buckets.filter { $0.value.due <= now || $0.value.count >= Wire.factsPerMessage }.keys.compactMap { take($0) }
    }

    mutating func takeAll() -> [Outgoing] {
        buckets.keys.compactMap { take($0) }
    }

    private mutating func take(_ kind: Fact.Kind) -> Outgoing? {
        guard var bucket = buckets.removeValue(forKey: kind) else { return nil }
        bucket.body.append(UInt8(ascii: "]"))
        let now = Timestamp(Date())
        var random = SystemRandomNumberGenerator()
        let message = Message(
            id: .v7(at: now, random: &random), type: kind.rawValue, app: app, timestamp: now, body: bucket.body)
        return Outgoing(message, to: Names.facts, routingKey: kind.rawValue, waiters: bucket.waiters)
    }

    /// Splits facts into pieces that fit into messages.
    static func pieces(of facts: [EncodedFact], waiter: (Int) -> Waiter<Void>) -> [FactPiece] {
        var parts: [(kind: Fact.Kind, json: Data, count: Int)] = []
        var open: [Fact.Kind: Int] = [:]
        for encoded in facts {
            let (kind, json) = (encoded.fact.kind, encoded.json)
            if let index = open[kind], parts[index].count < Wire.factsPerMessage, parts[index].json.count + json.count < largestBody
            {
                parts[index].json.append(UInt8(ascii: ","))
                parts[index].json.append(json)
                parts[index].count += 1
            } else {
                open[kind] = parts.count
                parts.append((kind, json, 1))
            }
        }
        let waiter = waiter(parts.count)
        return parts.map { FactPiece(kind: $0.kind, json: $0.json, count: $0.count, waiter: waiter) }
    }
}
