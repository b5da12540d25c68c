import GRDB
import Mail
import Store
import Testing

@testable import Tracker

@Suite struct QueryPlanTests {
    /// How SQLite goes about a query, one step a line.
    private func plan(_ query: History.EmailQuery) async throws -> [String] {
        try await Sample.store().read { database in
            try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + query.sql, arguments: query.arguments).map { $0["detail"] }
        }
    }

    @Test(
        "each list runs along an index in the order in which it is shown: nothing is scanned whole, nothing sorted",
        arguments: [
            (EmailFilter(), "mailings_by_organization"), (EmailFilter(kind: "reminder"), "mailings_by_kind"),
            (EmailFilter(collection: "smith"), "mailings_by_collection"),
            (EmailFilter(words: "wedding"), "VIRTUAL TABLE INDEX"), (EmailFilter(recipient: "ann@"), "VIRTUAL TABLE INDEX"),
            (EmailFilter(after: Sample.start, before: Sample.start), "mailings_by_organization"),
            (EmailFilter(status: .state(.bounced), kind: "reminder"), "mailings_"),
        ] + EmailStatus.allCases.map { (EmailFilter(status: $0), "mailings_\($0.rawValue)") })
    func lists(filter: EmailFilter, index: String) async throws {
        for cursor in [nil, Cursor(key: 1000)] {
            let steps = try await plan(History.EmailQuery(filter, of: "acme", cursor: cursor, limit: 50))
            #expect(steps.contains { $0.contains(index) }, "\(steps)")
            #expect(!steps.contains { $0.contains("TEMP B-TREE") || ($0.hasPrefix("SCAN") && !$0.contains("VIRTUAL")) }, "\(steps)")
        }
    }
}
