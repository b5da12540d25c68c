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
            let known = try change.first(
                "SELECT is_unsubscribed, changed_at, delivery FROM contacts WHERE organization = ? AND address = ?",
                [.text(organization), .text(person)]
            ) {
                (isUnsubscribed: try $0.flag(), changedAt: try $0.time(), delivery: try $0.optional { try $0.id(OfDelivery.self) })
            }
            if let known, moment <= known.changedAt { return false }
            let was = known?.isUnsubscribed ?? false
            // Whoever comes back does so on the timeline of the mail that they had left through.
            let through = unsubscribed ? delivery : known?.delivery
            try change.run(
                """
                INSERT INTO contacts (organization, address, is_unsubscribed, changed_at, delivery) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET is_unsubscribed = excluded.is_unsubscribed, changed_at = excluded.changed_at,
                    delivery = CASE WHEN is_unsubscribed THEN delivery ELSE excluded.delivery END
                """, [.text(organization), .text(person), .flag(unsubscribed), .time(moment), .id(through)])
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
        try first(
            "SELECT is_unsubscribed FROM contacts WHERE organization = ? AND address = ?",
            [.text(organization), .text(address.person)]
        ) { try $0.flag() } ?? false
    }

    fileprivate func person(
        _ contact: Command.ContactReference, of organization: String
    ) throws -> (address: String, delivery: DeliveryID?)? {
        switch contact {
        case .address(let address):
            return (address.person, nil)
        case .delivery(let id):
            let found = try first(
                "SELECT address FROM deliveries WHERE id = ? AND organization = ?", [.id(id), .text(organization)]
            ) { try $0.text() }
            guard let found else { return nil }
            do {
                return (try EmailAddress(found).person, id)
            } catch {
                return nil
            }
        }
    }
}
