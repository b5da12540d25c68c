import Mail
import Store

extension Delivery {
    /// What ``init(row:)`` reads, in that order, of `deliveries`; other columns may follow.
    static let columns = """
        id, mailing, organization, domain, when_uncertain, state, attempt, session, due_at, first_deferred_at, deferrals,
        uncertainties, abandonments
        """

    /// Reads its ``columns``.
    init(row: inout Columns) throws {
        self.init(
            id: try row.id(), mailing: try row.id(), organization: try row.text(), domain: try row.optional { try $0.text() },
            whenUncertain: try row.word(), state: try row.word(), attempt: try row.number(),
            session: try row.optional { try $0.id() }, dueAt: try row.optional { try $0.time() },
            firstDeferredAt: try row.optional { try $0.time() }, deferrals: try row.number(), uncertainties: try row.number(),
            abandonments: try row.number())
    }

    private static let byID = "SELECT \(columns) FROM deliveries WHERE id = ?1 AND (?2 IS NULL OR organization = ?2)"

    /// - Parameter organization: Finds only its own; `nil` for any.
    static func find(_ id: DeliveryID, of organization: String? = nil, in change: borrowing Change) throws -> Delivery? {
        try change.first(byID, [.id(id), .text(organization)]) { try Delivery(row: &$0) }
    }
}
