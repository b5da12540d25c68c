import Broker
import Foundation
import Logging
import Mail
import Runtime
import ServiceLifecycle

/// Puts a ticket into the tickets queue for every pending delivery, and again for those whose ticket was lost with the broker's data.
///
/// A ticket counts as lost when it is old, still unclaimed, and the queue is empty. While senders are merely stopped the queue is
/// not empty, so nothing is issued twice.
struct TicketIssuer: Service {
    let ledger: Ledger
    /// Publishes one ticket; returns once the broker has it.
    let publish: @Sendable (Ticket) async throws -> Void
    /// The number of messages ready in the tickets queue; `nil` while nobody knows.
    let depth: @Sendable () async -> Int?
    let ticketAge: Duration
    let logger: Logger
    /// Tickets under way to the broker at once.
    let batch = 500

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    while try await issue() == batch {}
                    await ledger.ticketsNeeded.wait(atMost: ticketAge / 2, time: ledger.time)
                    try await withdrawLost()
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

    /// - Returns: How many were issued.
    func issue() async throws -> Int {
        let tickets = try await ledger.unticketed(atMost: batch)
        guard !tickets.isEmpty else { return 0 }
        try await withThrowingDiscardingTaskGroup { group in
            for ticket in tickets { group.addTask { try await publish(ticket) } }
        }
        try await ledger.noteIssued(tickets)
        return tickets.count
    }

    func withdrawLost() async throws {
        let limit = ledger.time.now() - ticketAge
        guard try await ledger.hasTicket(issuedBefore: limit), await depth() == 0 else { return }
        let withdrawn = try await ledger.withdrawTickets(issuedBefore: limit, atMost: 10 * batch)
        logger.notice("Issuing tickets again that were lost", metadata: ["tickets": "\(withdrawn)"])
    }
}

extension TicketIssuer {
    init(ledger: Ledger, publisher: Publisher, ticketAge: Duration, logger: Logger) {
        self.init(
            ledger: ledger,
            publish: { [time = ledger.time] ticket in
                let message = Message(
                    id: .fresh(), type: "ticket", app: "scheduler", timestamp: time.now(), body: try Wire.encode(ticket))
                try await publisher.publish(message, to: Names.commands, routingKey: Names.ticketKey)
            },
            depth: { await publisher.depth(of: Names.tickets) }, ticketAge: ticketAge, logger: logger)
    }
}
