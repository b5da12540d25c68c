import Broker
import Foundation
import Logging
import Mail
import Runtime
import ServiceLifecycle
import Synchronization

/// Puts tickets into the tickets queue as fast as limits and free slots allow, and again those that were lost with the broker's data.
struct TicketIssuer: Service {
    let ledger: Ledger
    /// Publishes tickets; returns once the broker has them.
    let publish: @Sendable ([Ticket]) async throws -> Void
    /// The number of messages ready in the tickets queue; `nil` while nobody knows.
    let depth: @Sendable () async -> Int?
    let ticketAge: Duration
    let logger: Logger
    /// Tickets under way to the broker at once.
    private let batch = 1000
    /// How long news gathers before tickets are issued: together they cost the least.
    private let gathering = Duration.milliseconds(3)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            do { try await waitForEmptyQueue() } catch { return }
            var lookAt = ledger.time.now()
            while !Task.isCancelled {
                do {
                    let again = try await issue()
                    let pause = min(again.map { $0 - ledger.time.now() } ?? ticketAge / 2, ticketAge / 2)
                    if pause > .zero { await ledger.ticketsNeeded.wait(atMost: pause, time: ledger.time) }
                    try await ledger.time.sleep(gathering)
                    guard lookAt <= ledger.time.now() else { continue }
                    try await issueLost()
                    lookAt = ledger.time.now() + ticketAge / 4
                } catch is CancellationError {
                    return
                } catch BrokerError.shutDown {
                    return
                } catch {
                    logger.error("Tickets could not be issued; trying again", metadata: ["error": "\(error)"])
                    await Retry.pause(ledger.time)
                }
            }
        }
    }

    /// What an earlier life issued is worked off first, so that no delivery has two tickets. While there is no sender, or none has a
    /// slot, nothing would come of new ones either.
    func waitForEmptyQueue() async throws {
        while await depth() != 0 { try await ledger.time.sleep(.milliseconds(200)) }
    }

    /// Issues what may be issued.
    /// - Returns: When a rate lets more through.
    func issue() async throws -> Timestamp? {
        while true {
            let (tickets, again) = try await ledger.takeTickets(atMost: batch)
            if tickets.isEmpty { return again }
            do {
                try await publish(tickets)
            } catch {
                ledger.traffic.withLock { traffic in
                    for ticket in tickets { traffic.unissued(ticket) }
                }
                throw error
            }
            ledger.traffic.withLock { $0.issued(tickets, at: ledger.time.now()) }
        }
    }

    /// Issues again what was lost.
    func issueLost() async throws {
        let limit = ledger.time.now() - ticketAge
        guard ledger.traffic.withLock({ $0.hasTicket(issuedBefore: limit) }), let ready = await depth() else { return }
        let lost = ledger.traffic.withLock {
            $0.takeLost(issuedBefore: limit, isQueueEmpty: ready == 0, at: ledger.time.now())
        }
        guard !lost.isEmpty else { return }
        logger.notice("Issuing tickets again that were lost", metadata: ["tickets": "\(lost.count)"])
        try await publish(lost)
        ledger.traffic.withLock { $0.issued(lost, at: ledger.time.now()) }
    }
}

extension TicketIssuer {
    init(ledger: Ledger, publisher: Publisher, ticketAge: Duration, logger: Logger) {
        self.init(
            ledger: ledger,
            publish: { [time = ledger.time] tickets in
                try await withThrowingDiscardingTaskGroup { group in
                    for bundle in Self.bundles(of: tickets, for: ledger.traffic.withLock { $0.senderSlots }) {
                        group.addTask {
                            let message = Message(
                                id: .fresh(), type: Names.ticketKey, app: "scheduler", timestamp: time.now(),
                                body: try Wire.encode(bundle))
                            try await publisher.publish(message, to: Names.commands, routingKey: Names.ticketKey)
                        }
                    }
                }
            },
            depth: { await publisher.depth(of: Names.tickets) }, ticketAge: ticketAge, logger: logger)
    }

    /// Tickets as they travel: several in a message, for the broker's cost is per message, but so few that each sender can have a part
    /// and none holds many for which it has no slots yet.
    /// - Parameter slots: Those of each sender.
    static func bundles(of tickets: [Ticket], for slots: [Int]) -> [[Ticket]] {
        let size = max(1, min(tickets.count / (2 * max(1, slots.count)), (slots.min() ?? 0) / 8))
        return stride(from: 0, to: tickets.count, by: size).map { Array(tickets[$0..<min($0 + size, tickets.count)]) }
    }
}
