import Mail

/// The exchanges, queues and bindings that everybody declares on every connect, so that no fact is lost because the service that
/// wants it has never run yet.
struct Topology: Sendable {
    struct Exchange: Sendable {
        let name: String
        let type: String
    }

    struct Queue: Sendable {
        let name: String
        let arguments: [(name: String, value: Argument)]
        let bindings: [(exchange: String, key: String)]
    }

    enum Argument: Sendable {
        case text(String)
        case number(Int64)
    }

    let exchanges: [Exchange]
    let queues: [Queue]

    static let waybill = Topology(
        exchanges: [
            Exchange(name: Names.commands, type: "direct"),
            Exchange(name: Names.facts, type: "topic"),
            Exchange(name: Names.dead, type: "fanout"),
        ],
        queues: [
            quorum(Names.deadLetters, bound: [(Names.dead, "")], deadLetters: false),
            quorum(Names.scheduler, bound: Command.Kind.allCases.map { (Names.commands, $0.rawValue) }),
            quorum(Names.reminder, bound: [(Names.commands, "collection.put"), (Names.commands, "collection.remove")]),
            // A ticket is a hint, and issued again where it gets lost: one that is on one disk is safe enough, at half the cost.
            Queue(
                name: Names.tickets,
                arguments: [("x-queue-type", .text("classic")), ("x-dead-letter-exchange", .text(Names.dead))],
                bindings: [(Names.commands, Names.ticketKey)]),
            // `delivery.failed` is a sender's word where a message cannot be made.
            quorum(
                Names.schedulerFacts,
                bound: [
                    // Not attempt.started: the scheduler tells it itself.
                    "attempt.delivered", "attempt.deferred", "attempt.bounced", "attempt.uncertain", "attempt.abandoned",
                    "session.ended",
                    "delivery.failed",
                ].map { (Names.facts, $0) }),
            quorum(Names.tracker, bound: [(Names.facts, "#")]),
            quorum(Names.reminderFacts, bound: [(Names.facts, "mailing.refused")]),
            // Questions are asked again when they get lost: messages are transient and live as long as anyone waits for an
            // answer. The queue is durable all the same, because 4.x deprecates transient queues that are not exclusive.
            Queue(
                name: Names.claims, arguments: [("x-queue-type", .text("classic")), ("x-message-ttl", .number(30_000))],
                bindings: [(Names.commands, Names.claimsKey)]),
        ])

    private static func quorum(_ name: String, bound bindings: [(String, String)], deadLetters: Bool = true) -> Queue {
        var arguments: [(String, Argument)] = [
            ("x-queue-type", .text("quorum")),
            // RabbitMQ 4 drops a message at its 20th redelivery unless told otherwise, and 3.10 does not know -1 for "never".
            ("x-delivery-limit", .number(1_000_000_000)),
        ]
        if deadLetters {
            arguments += [
                ("x-dead-letter-exchange", .text(Names.dead)),
                // At least once: kept here until the queue of dead letters has it. The broker asks for the overflow rule with it.
                ("x-dead-letter-strategy", .text("at-least-once")),
                ("x-overflow", .text("reject-publish")),
            ]
        }
        return Queue(name: name, arguments: arguments, bindings: bindings)
    }
}
