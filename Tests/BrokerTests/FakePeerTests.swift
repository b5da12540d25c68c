import Foundation
import Mail
import Support
import Synchronization
import Testing

@testable import Broker

private typealias Fake = FakeBroker

/// What a peer may do that no broker does, and at which method.
struct Nastiness: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// See ``FakeBroker``.
    let method: UInt32
    let reaction: FakeBroker.Reaction

    init(_ description: String, at method: UInt32, _ reaction: FakeBroker.Reaction) {
        testDescription = description
        self.method = method
        self.reaction = reaction
    }

    static let connect: UInt32 = 0
    static let login: UInt32 = 0x000A_000B
    static let declare: UInt32 = 0x0032_000A
    static let consume: UInt32 = 0x003C_0014
    static let publish: UInt32 = 0x003C_0028

    /// Bytes that may come at any time.
    static let bytes: [(String, Data)] = [
        ("text that is no frame", Data("HTTP/1.1 400 Bad Request\r\n\r\nHello, this is not AMQP at all.\r\n".utf8)),
        ("zeros", Data(repeating: 0, count: 10_000)),
        ("ones", Data(repeating: 0xFF, count: 10_000)),
        ("a frame of 2 GB", Fake.frame(1, [0, 60, 0, 60], size: 0x7FFF_FFFF)),
        ("a frame of 4 GB", Fake.frame(3, [1, 2, 3], size: 0xFFFF_FFFF)),
        ("a frame beyond what was agreed", Fake.frame(3, [UInt8](repeating: 1, count: 200_000))),
        ("an empty method frame", Fake.frame(1, [])),
        ("a method frame of three bytes", Fake.frame(1, [0, 60, 0])),
        ("a method cut short", Fake.method(60, 60, [200, 1, 2])),
        ("a method that does not exist", Fake.method(60, 999)),
        ("a class that does not exist", Fake.method(999, 1)),
        ("a frame with the wrong end", Fake.frame(1, [0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 1, 0], end: 0x00)),
        ("a header without a message", Fake.header(bodyBytes: 10)),
        ("a header of another class", Fake.deliver(tag: 1) + Fake.header(bodyBytes: 10, group: 61)),
        ("a header cut short", Fake.deliver(tag: 1) + Fake.frame(2, [0, 60, 0])),
        (
            "a header table that ends nowhere",
            Fake.deliver(tag: 1) + Fake.header(bodyBytes: 0, properties: [0x20, 0, 0xFF, 0xFF, 0xFF, 0xFF, 1])
        ),
        ("a table in a table in a table", Fake.deliver(tag: 1) + Fake.header(bodyBytes: 0, properties: deepTable(20_000))),
        ("a body without a message", Fake.body([1, 2, 3])),
        ("a body longer than announced", Fake.deliver(tag: 1) + Fake.header(bodyBytes: 2) + Fake.body([1, 2, 3])),
        ("a message within a message", Fake.deliver(tag: 1) + Fake.header(bodyBytes: 20) + Fake.deliver(tag: 2)),
        ("two headers", Fake.deliver(tag: 1) + Fake.header(bodyBytes: 20) + Fake.header(bodyBytes: 20)),
        ("a delivery out of order", Fake.delivery(tag: UInt64.max, body: [1])),
        ("a delivery numbered 0", Fake.delivery(tag: 0, body: [1])),
        ("a frame on a channel that nobody opened", Fake.frame(3, channel: 9, [1, 2, 3])),
        ("an answer that nobody asked for", Fake.method(20, 11, Fake.long(0))),
        (
            "a return that is cut off",
            Fake.method(60, 50, Fake.short(312) + Fake.shortText("NO_ROUTE") + Fake.shortText("x") + Fake.shortText("y"))
        ),
        ("a channel that is closed", Fake.channelClose(541, "INTERNAL_ERROR")),
        ("a channel that is closed within a message", Fake.deliver(tag: 1) + Fake.channelClose(541, "INTERNAL_ERROR")),
        ("a connection that is closed", Fake.connectionClose(320, "CONNECTION_FORCED - shutdown")),
        ("a cancelled consumer", Fake.method(60, 30, Fake.shortText("tag") + [1])),
    ]

    private static func deepTable(_ bytes: Int) -> [UInt8] {
        // Each level: a table with one entry with a name of one byte and a table for its value.
        var table: [UInt8] = []
        while table.count < bytes { table = [1, 97, UInt8(ascii: "F")] + Fake.long(UInt32(table.count)) + table }
        return [0x20, 0] + Fake.long(UInt32(table.count)) + table
    }

    static let beforeLogin: [Nastiness] =
        [
            Nastiness("closes at once", at: connect, .close),
            Nastiness("closes at login", at: login, .close),
            Nastiness("closes at a declare", at: declare, .close),
            Nastiness("says nothing", at: connect, .freeze),
            Nastiness("does not answer the login", at: login, .freeze),
            Nastiness("does not answer a declare", at: declare, .freeze),
            Nastiness("greets in half", at: connect, .sendAndClose(Data([1, 0, 0, 0, 0, 1, 0, 0, 10]))),
            Nastiness("refuses the login", at: login, .sendAndClose(Fake.connectionClose(403, "ACCESS_REFUSED"))),
            Nastiness("declares something else", at: declare, .send(Fake.channelClose(406, "PRECONDITION_FAILED"))),
        ]
        + [connect, login, declare].flatMap { method in
            bytes.map { Nastiness("\($0.0) at \(String(method, radix: 16))", at: method, .sendAndClose($0.1)) }
        }

    static let whileConsuming = bytes.map { Nastiness($0.0, at: consume, .usualAndSend($0.1)) }
    static let whilePublishing =
        bytes.map { Nastiness($0.0, at: publish, .send($0.1)) } + [
            Nastiness("a confirm of nothing", at: publish, .send(Fake.ack(999) + Fake.nack(0) + Fake.channelClose(541, "enough"))),
            Nastiness("a nack", at: publish, .usualAndSend(Fake.nack(2))),
            Nastiness("closes", at: publish, .close),
        ]
}

@Suite("A peer that misbehaves")
struct FakePeerTests {
    /// Quick to despair and to come again.
    static var impatient: Timings {
        Timings(
            heartbeat: 1, connect: .seconds(1), handshake: .milliseconds(300), call: .milliseconds(300), publish: .seconds(2),
            reconnect: .milliseconds(10))
    }

    @Test("is left, and the next one is used", arguments: Nastiness.beforeLogin)
    func opening(nastiness: Nastiness) async throws {
        let fake = try FakeBroker { method, connection in
            connection == 1 && method == nastiness.method ? nastiness.reaction : .usual
        }
        defer { fake.stop() }
        let publisher = Publisher(to: try BrokerAddress(fake.url), app: "test", timings: Self.impatient, logger: .quiet)
        try await running(publisher) {
            try await within(.seconds(20)) { try await publisher.publish(.test(), to: "x", routingKey: "y") }
        }
        #expect(fake.connections >= 2)
    }

    @Test("asks for frames of one byte: nothing is written beyond their memory")
    func tinyFrames() async throws {
        let fake = try FakeBroker { method, connection in
            method == Nastiness.login ? .send(Fake.method(10, 30, [0, 1, 0, 0, 0, 1, 0, 10], channel: 0)) : .usual
        }
        defer { fake.stop() }
        let publisher = Publisher(to: try BrokerAddress(fake.url), app: "test", timings: Self.impatient, logger: .quiet)
        try await running(publisher) {
            try await within(.seconds(20)) {
                try await publisher.publish(.test(body: String(repeating: "a", count: 10_000)), to: "x", routingKey: "y")
            }
        }
    }

    @Test("does not cost a message that is to be published", arguments: Nastiness.whilePublishing)
    func publishing(nastiness: Nastiness) async throws {
        // The first publish of a connection is the probe; the second is ours.
        let publishes = Atomic(0)
        let fake = try FakeBroker { method, connection in
            guard method == Nastiness.publish, publishes.add(1, ordering: .relaxed).newValue == 2 else { return .usual }
            return nastiness.reaction
        }
        defer { fake.stop() }
        let publisher = Publisher(to: try BrokerAddress(fake.url), app: "test", timings: Self.impatient, logger: .quiet)
        try await running(publisher) {
            try await within(.seconds(20)) { try await publisher.publish(.test(), to: "x", routingKey: "y") }
        }
    }

    @Test("does not stop a consumer", arguments: Nastiness.whileConsuming)
    func consuming(nastiness: Nastiness) async throws {
        let fake = try FakeBroker { method, connection in
            guard method == Nastiness.consume else { return .usual }
            return connection == 1 ? nastiness.reaction : .usualAndSend(Fake.delivery(tag: 1, body: Array("good".utf8)))
        }
        defer { fake.stop() }
        let consumer = Consumer(
            from: "queue", at: try BrokerAddress(fake.url), prefetch: 10, app: "test", timings: Self.impatient, logger: .quiet)
        try await running(consumer) {
            let batch = try await within(.seconds(20)) {
                await consumer.batches.first { $0.contains { $0.message.body == Data("good".utf8) } }
            }
            #expect(batch?.count == 1)
        }
    }

    @Test("sends noise: nothing traps, and the next connection works")
    func noise() async throws {
        let connections = 200
        let fake = try FakeBroker { method, connection in
            guard connection <= connections else {
                return method == Nastiness.consume ? .usualAndSend(Fake.delivery(tag: 1, body: Array("good".utf8))) : .usual
            }
            let random = Noise(connection)
            let places = [
                Nastiness.connect, Nastiness.login, Nastiness.declare, Nastiness.consume, Nastiness.consume, Nastiness.consume,
            ]
            return method == places[connection % places.count] ? .usualAndSend(random.bytes) : .usual
        }
        defer { fake.stop() }
        var timings = Self.impatient
        timings.reconnect = .zero
        timings.handshake = .milliseconds(30)
        timings.call = .milliseconds(30)
        let consumer = Consumer(
            from: "queue", at: try BrokerAddress(fake.url), prefetch: 10, app: "test", timings: timings, logger: .quiet)
        try await running(consumer) {
            let batch = try await within(.seconds(120)) {
                await consumer.batches.first { $0.contains { $0.message.body == Data("good".utf8) } }
            }
            #expect(batch != nil)
        }
    }

    @Test("falls silent: it is found dead within two heartbeats")
    func silence() async throws {
        let fake = try FakeBroker(heartbeat: 1)
        defer { fake.stop() }
        let consumer = Consumer(
            from: "queue", at: try BrokerAddress(fake.url), prefetch: 10, app: "test", timings: Self.impatient, logger: .quiet)
        try await running(consumer) {
            try await eventually(within: .seconds(10), "the consumer is connected") { consumer.status == .connected }
            let start = ContinuousClock.now
            try await eventually(within: .seconds(10), "the silent peer is left") { fake.connections >= 2 }
            #expect(ContinuousClock.now - start < .milliseconds(3500))
        }
    }

    @Test("acks of an earlier connection are not sent on a later one")
    func staleAcks() async throws {
        let fake = try FakeBroker { method, connection in
            guard method == Nastiness.consume else { return .usual }
            return .usualAndSend((1...3).reduce(into: Data()) { $0 += Fake.delivery(tag: UInt64($1), body: [UInt8(connection)]) })
        }
        defer { fake.stop() }
        let consumer = Consumer(
            from: "queue", at: try BrokerAddress(fake.url), prefetch: 10, app: "test", timings: Self.impatient, logger: .quiet)
        try await running(consumer) {
            var batches = consumer.batches.makeAsyncIterator()
            var old: [Incoming] = []
            while old.count < 3 { old += await batches.next() ?? [] }
            try fake.send(Fake.connectionClose(320, "CONNECTION_FORCED"))
            var new: [Incoming] = []
            while new.count < 3 { new += (await batches.next() ?? []).filter { $0.message.body != Data([1]) } }
            let current = fake.connections
            old.forEach { $0.ack() }
            new[0].ack()
            try await eventually(within: .seconds(10), "the new message is acked") { !fake.settled.isEmpty }
            #expect(fake.settled.map(\.connection) == [current])
            #expect(fake.settled.map(\.tag) == [1])
        }
    }

    @Test("a message without an id, or with a time beyond all years, is read; its name is the same when it comes again")
    func oddProperties() async throws {
        // Content type and type that are no UTF-8, and the largest timestamp there is.
        let odd = [0x80, 0x60] + [1, 0xFF] + FakeBroker.longLong(.max) + [2, 0xC3, 0x28]
        let bytes = Array("odd".utf8)
        let fake = try FakeBroker { method, _ in
            guard method == Nastiness.consume else { return .usual }
            let message = Fake.header(bodyBytes: 3, properties: odd) + Fake.body(bytes)
            return .usualAndSend(Fake.deliver(tag: 1) + message + Fake.deliver(tag: 2) + message)
        }
        defer { fake.stop() }
        let consumer = Consumer(
            from: "queue", at: try BrokerAddress(fake.url), prefetch: 10, app: "test", timings: Timings(), logger: .quiet)
        try await running(consumer) {
            var messages: [Message] = []
            while messages.count < 2 { messages += await consumer.batches.first { _ in true }?.map(\.message) ?? [] }
            #expect(messages[0] == messages[1])
            #expect(messages[0].body == Data(bytes))
            #expect(messages[0].timestamp == nil)
            #expect(messages[0].version == nil)
            #expect(messages[0].contentType == "\u{FFFD}")
            #expect(messages[0].type == "\u{FFFD}(")
        }
    }

    @Test("a message beyond the limit is not held; the broker is told to put it aside")
    func oversized() async throws {
        let size = UInt64(Wire.largestBody) + 1
        let part = Fake.body([UInt8](repeating: 1, count: 131_000))
        let whole = size / 131_000
        let fake = try FakeBroker { method, connection in
            guard method == Nastiness.consume else { return .usual }
            var bytes = Fake.deliver(tag: 1) + Fake.header(bodyBytes: size)
            for _ in 0..<whole { bytes += part }
            bytes += Fake.body([UInt8](repeating: 1, count: Int(size - whole * 131_000)))
            return .usualAndSend(bytes + Fake.delivery(tag: 2, body: Array("good".utf8)))
        }
        defer { fake.stop() }
        let consumer = Consumer(
            from: "queue", at: try BrokerAddress(fake.url), prefetch: 10, app: "test", timings: Timings(), logger: .quiet)
        try await running(consumer) {
            let batch = try await within(.seconds(20)) { await consumer.batches.first { _ in true } }
            #expect(batch?.map(\.message.body) == [Data("good".utf8)])
        }
    }

    @Test("a thousand reconnects leave neither descriptors nor memory behind")
    func thousandReconnects() async throws {
        let fake = try FakeBroker { method, connection in method == Nastiness.consume ? .close : .usual }
        defer { fake.stop() }
        var timings = Self.impatient
        timings.reconnect = .zero
        timings.call = .seconds(5)
        timings.handshake = .seconds(5)
        let consumer = Consumer(
            from: "queue", at: try BrokerAddress(fake.url), prefetch: 10, app: "test", timings: timings, logger: .quiet)
        try await running(consumer) {
            try await eventually(within: .seconds(60), "it has warmed up") { fake.connections >= 200 }
            let before = try (descriptors: openDescriptors(), bytes: residentBytes())
            try await eventually(within: .seconds(100), "it has connected a thousand times more") { fake.connections >= 1200 }
            let after = try (descriptors: openDescriptors(), bytes: residentBytes())
            // Other tests of the process run beside this one: a leak of one for each connection would show as a thousand.
            #expect(after.descriptors - before.descriptors < 200)
            #expect(after.bytes - before.bytes < 100 << 20)
        }
    }
}

/// Bytes by chance, and frames with flaws by chance; the same for the same seed.
private struct Noise {
    let bytes: Data

    init(_ seed: Int) {
        var state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var all = Data()
        for _ in 0..<(1 + next(20)) {
            var frame = Nastiness.bytes[next(Nastiness.bytes.count)].1.prefix(2000)
            if next(3) == 0 { frame = Fake.delivery(tag: 1, body: [1]).prefix(2000) }
            for _ in 0..<next(4) where !frame.isEmpty {
                frame[frame.startIndex + next(frame.count)] = UInt8(next(256))
            }
            all += next(5) == 0 ? frame.prefix(next(frame.count + 1)) : frame
        }
        bytes = all
    }
}

private func openDescriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}

private func residentBytes() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    return (Int(fields[1]) ?? 0) * 4096
}
