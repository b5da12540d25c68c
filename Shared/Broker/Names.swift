/// The names on the broker.
package enum Names {
    package static let commands = "waybill.commands"
    package static let facts = "waybill.facts"
    package static let dead = "waybill.dead"
    package static let tickets = "waybill.tickets"
    package static let claims = "waybill.claims"
    package static let scheduler = "waybill.scheduler"
    package static let reminder = "waybill.reminder"
    package static let tracker = "waybill.tracker"
    package static let schedulerFacts = "waybill.scheduler.facts"
    package static let reminderFacts = "waybill.reminder.facts"
    package static let deadLetters = "waybill.dead-letters"

    /// The routing key of tickets on ``commands``.
    package static let ticketKey = "ticket"
    /// The routing key of questions on ``commands``.
    package static let claimsKey = "claims"

    /// Headers of a dead letter: why it is one, and the queue that it came from.
    package static let reasonHeader = "waybill-reason"
    package static let queueHeader = "waybill-queue"
}
