import Mail

/// Where bounce messages go: `WAYBILL_RETURN_PATH`.
enum ReturnPath: Hashable, Sendable {
    /// To the sender that people see.
    case from
    case address(EmailAddress)
    /// To the same name in another domain.
    case domain(String)

    func address(from: EmailAddress) -> String {
        switch self {
        case .from: from.description
        case .address(let address): address.description
        case .domain(let domain): "\(from.local)@\(domain)"
        }
    }
}
