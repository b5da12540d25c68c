import Mail

/// Where bounce messages go: `WAYBILL_RETURN_PATH`.
enum ReturnPath: Hashable, Sendable {
    /// To the sender that people see.
    case from
    /// To us, at an address for each delivery: `mailbox+token@domain`.
    case signed(mailbox: String, domain: String)

    func address(for delivery: DeliveryID, from: EmailAddress, _ keys: TrackingKeys) -> String {
        switch self {
        case .from: from.envelopeForm
        case .signed(let mailbox, let domain): "\(keys.returnPath(for: delivery, mailbox: mailbox))@\(domain)"
        }
    }
}
