import Mail
import Store

extension Delivery {
    /// What ``init(row:)`` reads, in that order, of ``tables``; other columns follow.
    static let columns = """
        d.id, d.mailing, d.organization, d.domain, m.when_uncertain, d.state, d.attempt, d.session, d.due_at, d.first_deferred_at,
        d.deferrals, d.uncertainties, d.abandonments
        """
    static let tables = "deliveries d JOIN mailings m ON m.id = d.mailing"

    /// What SQLite wants to read in a query before it uses the index of all that is not over.
    static let isUnderWay = "d.state IN ('scheduled', 'pending', 'sending', 'deferred', 'uncertain')"

    /// Reads its ``columns``.
    init(row: inout Columns) throws {
        self.init(
            id: try row.id(), mailing: try row.id(), organization: try row.text(), domain: try row.optional { try $0.text() },
            whenUncertain: try row.word(), state: try row.word(), attempt: try row.number(),
            session: try row.optional { try $0.id() }, dueAt: try row.optional { try $0.time() },
            firstDeferredAt: try row.optional { try $0.time() }, deferrals: try row.number(), uncertainties: try row.number(),
            abandonments: try row.number())
    }

    private static let byID = "SELECT \(columns) FROM \(tables) WHERE d.id = ?1 AND (?2 IS NULL OR d.organization = ?2)"

    /// - Parameter organization: Finds only its own; `nil` for any.
    static func find(_ id: DeliveryID, of organization: String? = nil, in change: borrowing Change) throws -> Delivery? {
        try change.first(byID, [.id(id), .text(organization)]) { try Delivery(row: &$0) }
    }
}
