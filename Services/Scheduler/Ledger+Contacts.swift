import GRDB
import Mail
import Store

extension Ledger {
    /// Notes whether a person wants an organization's mass mail. The wish of the latest moment counts; the same wish again, or an
    /// older one that comes late, changes nothing.
    /// - Parameter moment: When they said so; clocks may differ by five minutes, and what is beyond that counts as now.
    /// - Returns: Whether it is their wish that counts; `nil` where the organization has no such delivery, or its address is none.
    @discardableResult
    func note(
        unsubscribed: Bool, _ contact: Command.ContactReference, of organization: String, at moment: Timestamp
    ) async throws -> Bool? {
        try await change { change in
            guard let (person, delivery) = try change.person(contact, of: organization) else { return nil }
            let moment = moment > change.now + .seconds(300) ? change.now : moment
            let known = try change.row(
                "SELECT is_unsubscribed, changed_at, delivery FROM contacts WHERE organization = ? AND address = ?",
                [organization, person])
            if let known, moment <= (try known.value("changed_at")) { return false }
            let was: Bool = try known?.value("is_unsubscribed") ?? false
            // Whoever comes back does so on the timeline of the mail that they had left through.
            let through: DeliveryID? = unsubscribed ? delivery : try known?.optionalValue("delivery")
            try change.run(
                """
                INSERT INTO contacts (organization, address, is_unsubscribed, changed_at, delivery) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET is_unsubscribed = excluded.is_unsubscribed, changed_at = excluded.changed_at,
                    delivery = CASE WHEN is_unsubscribed THEN delivery ELSE excluded.delivery END
                """, [organization, person, unsubscribed, moment, through])
            guard was != unsubscribed else { return true }
            let mailing: MailingID? = try through.flatMap { try Delivery.find($0, of: organization, in: change)?.mailing }
            let changed = ContactChanged(address: person, delivery: through, mailing: mailing)
            change.tell(
                unsubscribed ? .contactUnsubscribed(changed) : .contactResubscribed(changed), of: organization, at: moment)
            return true
        }
    }
}

extension Change {
    /// Whether a person wants no mass mail of an organization.
    func isUnsubscribed(_ address: EmailAddress, from organization: String) throws -> Bool {
        let known = try row(
            "SELECT is_unsubscribed FROM contacts WHERE organization = ? AND address = ?", [organization, address.person])
        return try known?.value("is_unsubscribed") ?? false
    }

    fileprivate func person(
        _ contact: Command.ContactReference, of organization: String
    ) throws -> (address: String, delivery: DeliveryID?)? {
        switch contact {
        case .address(let address):
            return (address.person, nil)
        case .delivery(let id):
            let found = try row(
                "SELECT d.address FROM \(Delivery.tables) WHERE d.id = ? AND m.organization = ?", [id, organization])
            guard let found else { return nil }
            do {
                return (try EmailAddress(try found.value("address", as: String.self)).person, id)
            } catch is InvalidAddress {
                return nil
            }
        }
    }
}
