import Foundation
import Support

/// The answer to a submission, as far as benchmarks need it.
struct Submitted: Decodable {
    struct Delivery: Decodable {
        let id: String
        let address: String
    }

    let id: String
    let deliveries: [Delivery]
}

extension Installation {
    /// Submits mailings, four at a time.
    func submit(_ mailings: [Data]) async throws -> [Submitted] {
        let token = try await token()
        let url = scheduler + "/v1/mailings"
        return try await withThrowingTaskGroup(of: Submitted.self) { group in
            var rest = mailings.makeIterator()
            var all: [Submitted] = []
            func next() {
                guard let mailing = rest.next() else { return }
                group.addTask {
                    let answer = try await HTTP.send(
                        "POST", url, token: token, body: mailing, headers: ["Content-Type": "application/json"])
                    guard answer.status == 202 else { throw Trouble("A mailing was refused: \(answer.text.prefix(500))") }
                    return try JSONDecoder().decode(Submitted.self, from: answer.body)
                }
            }
            for _ in 0..<4 { next() }
            while let done = try await group.next() {
                all.append(done)
                next()
            }
            return all
        }
    }

    /// Waits until the tracker has recorded at least so many facts: that the right ones are there is proved afterwards.
    func awaitFacts(_ expected: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(1200)
        while ContinuousClock.now < deadline {
            if try await Self.figure("waybill_facts_recorded_total", of: tracker) >= expected { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Trouble("The history was not complete within twenty minutes.")
    }

    /// The messages that the broker has confirmed to scheduler, senders and tracker.
    func confirmedMessages(senders: Int) async throws -> Int {
        var sum = 0
        for address in [scheduler, tracker] + (1...senders).map({ sender($0) }) {
            sum += try await Self.figure("waybill_broker_published_total{outcome=\"confirmed\"}", of: address)
        }
        return sum
    }

    private static func figure(_ name: String, of address: String) async throws -> Int {
        let figures = try await HTTP.get(address + "/metrics").text
        let line = figures.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) } ?? 0
    }

    func startAndWait(for names: [String]) async throws {
        for name in names { try start(name) }
        for name in names { try await ready(name) }
    }
}

extension [Submitted] {
    /// Where nothing goes wrong: that the mailing was accepted, and that each mail waits, is tried and arrives.
    var facts: Int { reduce(0) { $0 + 1 + 3 * $1.deliveries.count } }
}
