import Logging
import Mail
import Metrics
import Runtime

/// Takes submissions and changes of mind, from whichever side they come.
struct MailingDesk: Sendable {
    let ledger: Ledger
    let limits: AdmissionLimits
    /// Looks up a time zone by name; `nil` where there is none.
    let zone: @Sendable (String) throws -> TimeZoneRules?
    let logger: Logger

    /// - Throws: ``Admission/Refusal``, or a store error.
    func submit(
        _ submission: Submission, as mailing: MailingID, of organization: String, key: String? = nil
    ) async throws -> Ledger.Acceptance {
        let acceptance: Ledger.Acceptance
        do {
            let now = ledger.time.now()
            var random = RandomPool()
            let admitted = try Admission(limits: limits, zone: zone)
                .admit(submission, as: mailing, of: organization, at: now, freshDelivery: { .v7(at: now, random: &random) })
            acceptance = try await ledger.accept(admitted, key: key)
        } catch let refusal as Admission.Refusal {
            SchedulerMetrics.mailingsRefused.increment()
            throw refusal
        }
        if case .accepted(let summary) = acceptance {
            SchedulerMetrics.mailingsAccepted.increment()
            logger.info(
                "Mailing accepted",
                metadata: [
                    "mailing": "\(mailing)", "organization": "\(organization)",
                    "deliveries": "\(summary.deliveries.count)",
                ])
        }
        return acceptance
    }

    /// Carries out a command from the queue. Carried out twice it changes nothing more.
    /// - Throws: `Wire.Unreadable` where it names what does not exist, or a store error.
    func carryOut(_ command: Command) async throws {
        switch command {
        case .submitMailing(let organization, let mailing, let submission):
            do {
                if case .idTaken = try await submit(submission, as: mailing, of: organization) {
                    throw Wire.Unreadable("The mailing \(mailing) exists already and is another organization's.")
                }
            } catch let refusal as Admission.Refusal {
                try await ledger.refuse(mailing, of: organization, problems: refusal.faults.map(\.sentence))
            }
        case .cancelMailing(let organization, let mailing, let by):
            guard try await ledger.cancel(mailing, of: organization, by: by) != nil else {
                throw Wire.Unreadable("There is no mailing \(mailing) in the organization \(organization).")
            }
        case .cancelDelivery(let organization, let delivery, let by):
            guard try await ledger.cancel(delivery, of: organization, by: by) != nil else {
                throw Wire.Unreadable("There is no delivery \(delivery) in the organization \(organization).")
            }
        case .resolveDelivery(let organization, let delivery, let delivered, let by):
            guard try await ledger.resolve(delivery, of: organization, delivered: delivered, by: by) != nil else {
                throw Wire.Unreadable("There is no delivery \(delivery) in the organization \(organization).")
            }
        case .unsubscribe(let organization, let contact, let at), .resubscribe(let organization, let contact, let at):
            let unsubscribed = command.kind == .contactUnsubscribe
            guard try await ledger.note(unsubscribed: unsubscribed, contact, of: organization, at: at) != nil else {
                throw Wire.Unreadable("There is no such delivery with an address in the organization \(organization).")
            }
        }
    }
}

extension Problem.Fault {
    /// For where there is no separate place for the pointer.
    fileprivate var sentence: String { pointer.map { $0.isEmpty ? detail : "\($0): \(detail)" } ?? detail }
}
