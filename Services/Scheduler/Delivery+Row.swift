import GRDB
import Mail
import Store

extension Delivery {
    /// The columns that ``init(row:)`` reads by their place, first in every query: looking them up by name costs more than reading
    /// them. Of `deliveries d JOIN mailings m ON m.id = d.mailing`.
    static let columns = """
        d.id, d.mailing, d.organization, d.domain, m.when_uncertain, d.state, d.attempt, d.session, d.due_at, d.first_deferred_at,
        d.deferrals, d.uncertainties, d.abandonments
        """
    static let tables = "deliveries d JOIN mailings m ON m.id = d.mailing"

    init(row: Row) throws {
        let state = try row.value(at: 5, as: String.self)
        let whenUncertain = try row.value(at: 4, as: String.self)
        guard let state = DeliveryState(rawValue: state), let whenUncertain = UncertaintyPolicy(rawValue: whenUncertain) else {
            throw LedgerError.unreadableColumn("state")
        }
        self.init(
            id: try row.value(at: 0), mailing: try row.value(at: 1), organization: try row.value(at: 2),
            domain: try row.optionalValue(at: 3), whenUncertain: whenUncertain, state: state, attempt: try row.value(at: 6),
            session: try row.optionalValue(at: 7), dueAt: try row.optionalValue(at: 8),
            firstDeferredAt: try row.optionalValue(at: 9), deferrals: try row.value(at: 10), uncertainties: try row.value(at: 11),
            abandonments: try row.value(at: 12))
    }

    /// How many ``columns`` there are.
    static let columnCount = 13

    /// - Parameter organization: Finds only its own; `nil` for any.
    static func find(_ id: DeliveryID, of organization: String? = nil, in change: borrowing Change) throws -> Delivery? {
        try change.row(
            "SELECT \(columns) FROM \(tables) WHERE d.id = ?1 AND (?2 IS NULL OR d.organization = ?2)", [id, organization]
        ).map(Delivery.init(row:))
    }
}

extension Row {
    /// A column that cannot hold anything else: what it does hold is read without a trap.
    func value<Value: DatabaseValueConvertible>(_ column: String, as type: Value.Type = Value.self) throws -> Value {
        guard let value = try optionalValue(column, as: type) else { throw LedgerError.unreadableColumn(column) }
        return value
    }

    /// - Returns: `nil` for NULL.
    func optionalValue<Value: DatabaseValueConvertible>(_ column: String, as type: Value.Type = Value.self) throws -> Value? {
        guard let stored: DatabaseValue = self[column] else { throw LedgerError.unreadableColumn(column) }
        return try Self.read(stored, column)
    }

    /// The same by place.
    func value<Value: DatabaseValueConvertible>(at place: Int, as type: Value.Type = Value.self) throws -> Value {
        guard let value = try optionalValue(at: place, as: type) else { throw LedgerError.unreadableColumn("\(place)") }
        return value
    }

    func optionalValue<Value: DatabaseValueConvertible>(at place: Int, as type: Value.Type = Value.self) throws -> Value? {
        guard place < count else { throw LedgerError.unreadableColumn("\(place)") }
        return try Self.read(self[place], "\(place)")
    }

    private static func read<Value: DatabaseValueConvertible>(_ stored: DatabaseValue, _ column: @autoclosure () -> String) throws
        -> Value?
    {
        if stored.isNull { return nil }
        guard let value = Value.fromDatabaseValue(stored) else { throw LedgerError.unreadableColumn(column()) }
        return value
    }
}

/// What is wrong with the store's content, which the schema should rule out.
enum LedgerError: Error, Hashable, CustomStringConvertible {
    case unreadableColumn(String)

    var description: String {
        switch self {
        case .unreadableColumn(let column): "The column \(column) of a row cannot be read. Was the file changed by another program?"
        }
    }
}
